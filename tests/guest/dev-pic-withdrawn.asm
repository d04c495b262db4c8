; SPDX-License-Identifier: GPL-3.0-or-later
; A request that is taken back before the CPU could take it: no interrupt comes. It is masked, or IF is clear, while IIR is read.
;
; judge: datasheet. QEMU keeps an edge that the line has left (Intel 231468, "Edge and Level Triggered Modes")
; qemu: if: 10 02 10 f4 01
; right: if: 10 02 00
; qemu: mask: 10 02 10 f4 01
; right: mask: 10 02 00

%include "test.inc"
%include "dev.inc"

    dev_begin
    catch   0x0c, irq4
    put     PIC1 + 1, 0xef
    put     UART + 4, 0x0b
    call    ask_and_answer
    sti
    settle
    cli
    tell    "if:"
    put     PIC1 + 1, 0xff
    sti
    call    ask_and_answer
    put     PIC1 + 1, 0xef
    settle
    cli
    tell    "mask:"
    mov     dx, UART + 1
    mov     al, 0
    out     dx, al
    mov     al, 2
    out     dx, al
    sti
    settle
    cli
    tell    "again:"
    test_end

ask_and_answer:
    mov     dx, UART + 1
    mov     al, 0
    out     dx, al
    mov     al, 2
    out     dx, al
    call    waits
    get     UART + 2
waits:
    in      al, PIC1
    and     al, 0x10
    note    al
    ret

irq4:
    note    0xf4
    get     UART + 2
    put     PIC1, EOI
    iret

    dev_end
