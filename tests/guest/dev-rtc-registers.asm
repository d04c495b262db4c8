; SPDX-License-Identifier: GPL-3.0-or-later
; The CMOS clock's registers that are not time: what of A and B can be written, alarms, D, and memory; bit 7 of the index.

%include "test.inc"
%include "dev.inc"

%macro cmos 2
    mov     ax, (%2) << 8 | (%1)
    call    cmos_write
%endmacro

    dev_begin
    cmos    0x0a, 0xaf
    call    read
    cmos    0x0a, 0x26
    call    read
    cmos    0x0b, 0x82
    call    read
    cmos    0x0b, 0x02
    call    read
    mov     al, 0x0d
    call    read
    cmos    0x0d, 0x00
    call    read
    tell    "a b d:"
    cmos    0x01, 0x12
    call    read
    cmos    0x03, 0xff
    call    read
    cmos    0x05, 0xc5
    call    read
    tell    "alarm:"
    cmos    0x40, 0x5a
    call    read
    cmos    0xc0, 0xa5
    call    read
    mov     al, 0x40
    call    read
    cmos    0x7f, 0x3c
    call    read
    cmos    0x0f, 0x77
    call    read
    in      al, 0x70
    note    al
    tell    "memory:"
    test_end

; AL: register, AH: value.
cmos_write:
    out     0x70, al
    xchg    al, ah
    out     0x71, al
    xchg    al, ah
    ret

; Notes register AL, without the bit that tells of an update.
read:
    mov     ah, al
    out     0x70, al
    in      al, 0x71
    cmp     ah, 0x0a
    jne     .other
    and     al, 0x7f
.other:
    note    al
    ret

    dev_end
