; SPDX-License-Identifier: GPL-3.0-or-later
; Rotating priorities of the 8259A: by EOI, by command, and by automatic EOI. IRQ0, IRQ1 and IRQ4 wait; the order in which they
; come tells who is first. IRQ1 served alone makes it the last of all, where priorities rotate.

%include "test.inc"
%include "dev.inc"

    dev_begin
    catch   0x08, irq0
    catch   0x09, irq1
    catch   0x0c, irq4
    put     PIC1 + 1, 0xff
    put     0x64, 0x60
    put     0x60, 0x65
    put     UART + 4, 0x0b
    call    all                     ; 0 1 4
    tell    "fixed:"
    put     PIC1, 0xc1              ; 1 is last: 4 0 1
    call    all
    tell    "set:"
    mov     byte [end], 0xa0        ; who was served is last: 1, and then 1 again
    call    one
    call    all
    tell    "eoi:"
    put     PIC1, 0xc7
    mov     byte [end], 0xe0        ; specific: the same
    call    one
    call    all
    tell    "specific:"
    put     PIC1, 0x11              ; automatic EOI
    put     PIC1 + 1, 0x08
    put     PIC1 + 1, 0x04
    put     PIC1 + 1, 0x03
    put     PIC1 + 1, 0xff
    mov     byte [end], 0x40        ; no operation
    call    one
    call    all                     ; 0 1 4
    tell    "auto:"
    put     PIC1, 0x80              ; and rotation
    call    one
    call    all                     ; 4 0 1
    put     PIC1, 0x00              ; and no more: 1 stays last
    call    all
    tell    "auto, rotating:"
    test_end

; IRQ1 alone is let in.
one:
    mov     bl, 0xfd
    jmp     short round
all:
    mov     bl, 0xec
; All three ask, and those are let in that BL does not mask.
round:
    put     0x64, 0xd2
    put     0x60, 0x55
    mov     dx, UART + 1
    mov     al, 0
    out     dx, al
    mov     al, 2
    out     dx, al
    put     0x43, 0x30
    put     0x40, 0x10
    put     0x40, 0x00
.wait:
    in      al, PIC1
    test    al, 1
    jz      .wait
    put     PIC1 + 1, bl
    sti
    settle
    cli
    put     PIC1 + 1, 0xff
    put     PIC1, EOI               ; what a rotated or wrong EOI left
    out     PIC1, al
    out     PIC1, al
    ret

irq0:
    mov     ah, 0
    jmp     served
irq1:
    mov     ah, 1
    in      al, 0x60
    jmp     served
irq4:
    mov     ah, 4
    mov     dx, UART + 2
    in      al, dx
served:
    note    ah
    mov     al, [end]
    test    al, 0x40                ; specific commands name the input
    jz      .plain
    or      al, ah
.plain:
    out     PIC1, al
    iret

end:
    db      EOI

    dev_end
