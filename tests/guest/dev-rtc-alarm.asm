; SPDX-License-Identifier: GPL-3.0-or-later
; Alarm and update interrupts of the CMOS clock, without periodic ones: at the second that was asked for, each second with
; "any" in all three registers, and what register C tells.

%include "test.inc"
%include "dev.inc"

%macro cmos 2
    mov     ax, (%2) << 8 | (%1)
    call    cmos_write
%endmacro

    dev_begin
    catch   0x70, irq8
    put     PIC1 + 1, 0xfb
    put     PIC2 + 1, 0xfe
    cmos    0x0a, 0x20              ; no periodic flag
    cmos    0x0b, 0x82
    cmos    0x04, 0x12
    cmos    0x02, 0x34
    cmos    0x00, 0x56
    cmos    0x05, 0x12
    cmos    0x03, 0x34
    cmos    0x01, 0x58
    put     0x70, 0x0c
    in      al, 0x71
    cmos    0x0b, 0x22
    call    one
    tell    "alarm:"
    cmos    0x05, 0xff
    cmos    0x03, 0xff
    cmos    0x01, 0xff
    call    one
    call    one
    tell    "any:"
    cmos    0x0b, 0x12
    cmos    0x01, 0x00
    call    one
    call    one
    tell    "update:"
    test_end

; Halts until it comes.
one:
    mov     bp, di
.halt:
    sti
    hlt
    cli
    cmp     di, bp
    je      .halt
    ret

cmos_write:
    out     0x70, al
    mov     al, ah
    out     0x71, al
    ret

; Notes register C and the second.
irq8:
    put     0x70, 0x0c
    get     0x71
    put     0x70, 0x00
    get     0x71
    put     PIC2, EOI
    put     PIC1, EOI
    iret

    dev_end
