; SPDX-License-Identifier: GPL-3.0-or-later
; HLT wakes for each timer interrupt, once, and goes on behind it; STI and HLT are one; HLT with IRQ0 masked wakes for another
; request.

%include "test.inc"
%include "dev.inc"

    dev_begin
    catch   0x08, irq0
    catch   0x0c, irq4
    put     PIC1 + 1, 0xfe
    mov     cx, 5
.next:
    call    soon
    sti                             ; the interrupt cannot come before the HLT
    hlt
    cli
    note    0x01
    loop    .next
    tell    "one-shots:"
    put     0x43, 0x34              ; about 1 ms
    put     0x40, 0xa9
    put     0x40, 0x04
    sti
    mov     byte [ticks], 0
    mov     bx, 0
.halt:
    hlt
    inc     bx
    cmp     byte [ticks], 20
    jb      .halt
    cli
    cmp     bx, 20                  ; as many halts as interrupts, or fewer when some came close together
    setbe   al
    mov     di, NOTES
    note    al
    tell    "ticks:"
    put     0x43, 0x30
    put     PIC1 + 1, 0xef          ; the UART's only
    mov     di, NOTES
    call    soon
    put     UART + 4, 0x0b
    put     UART + 1, 0x02
    sti
    hlt
    cli
    tell    "other:"
    test_end

; A one-shot of 2 ms.
soon:
    put     0x43, 0x30
    put     0x40, 0x00
    put     0x40, 0x09
    ret

irq0:
    inc     byte [ticks]
    note    0xf0
    cmp     di, NOTES + 0x100
    jb      .few
    mov     di, NOTES
.few:
    put     PIC1, EOI
    iret

irq4:
    get     UART + 2
    note    0xf4
    put     PIC1, EOI
    iret

ticks:
    db      0

    dev_end
