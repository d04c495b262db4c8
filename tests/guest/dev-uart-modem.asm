; SPDX-License-Identifier: GPL-3.0-or-later
; Modem lines of the 16550A: somebody is there; in loopback RTS is CTS, DTR is DSR, OUT1 is RI, OUT2 is DCD; what changed is told
; once, and interrupts.
;
; judge: datasheet. QEMU makes no deltas in loopback (PC16550D, "Modem Control Register", "Modem Status Register")
; qemu: lines: 00 10 20 40 80 f0 00
; right: lines: 0b 11 23 42 8c f3 0f
; qemu: interrupt: 01 10 01
; right: interrupt: 00 11 01
; qemu: left: b0 b0
; right: left: bb b0

%include "test.inc"
%include "dev.inc"

    dev_begin
    get     UART + 6
    get     UART + 6
    tell    "connected:"
    mov     si, lines
    mov     cx, lines.end - lines
.next:
    lodsb
    put     UART + 4, al
    get     UART + 6
    loop    .next
    put     UART + 4, 0x0b
    mov     dx, UART + 6
    in      al, dx
    tell    "lines:"
    put     UART + 4, 0x10
    mov     dx, UART + 6
    in      al, dx
    put     UART + 1, 0x08
    put     UART + 4, 0x12
    get     UART + 2
    get     UART + 6
    get     UART + 2
    put     UART + 1, 0x00
    put     UART + 4, 0x10
    mov     dx, UART + 6
    in      al, dx
    put     UART + 4, 0x0b
    mov     bx, di
    mov     dx, UART + 6
    in      al, dx
    mov     ah, al
    in      al, dx
    tell    "interrupt:"
    note    ah
    get     UART + 6
    tell    "left:"
    test_end

lines:
    db      0x10, 0x12, 0x11, 0x14, 0x18, 0x1f, 0x10
.end:

    dev_end
