; SPDX-License-Identifier: GPL-3.0-or-later
; SHL, SHR and SAR of 8, 16 and 32 bits, by 1 and by CL; and the alias of SHL, /6. AF is undefined, OF but
; for a count of 1, and CF of SHL and SHR when the count is not below the size: counts reach from 0 to 255, CF is looked at
; where it is defined.

%include "test.inc"

    test_begin
    mov     bp, 4                   ; /4 SHL, /5 SHR, /6 alias, /7 SAR
next_kind:
    mov     ax, bp
    shl     ax, 3
    or      al, 0xc0
    mov     [by_cl8 + 1], al
    mov     [by_cl16 + 1], al
    mov     [by_cl32 + 2], al
    mov     [one8 + 1], al
    mov     [one16 + 1], al
    mov     [one32 + 2], al
    mov     si, values
next_value:
    mov     byte [test_mask + 1], ARITHMETIC >> 8
    mov     byte [test_mask], LOGIC & 0xff
    mov     eax, [si]
one8:
    shl     al, 1
    mix
one16:
    shl     ax, 1
    mix
one32:
    shl     eax, 1
    mix
    mov     byte [test_mask + 1], 0
    mov     bx, counts
next_count:
    mov     cl, [bx]
    mov     ch, 8
    call    set_mask
    call    load
by_cl8:
    shl     al, cl
    mix
    mov     ch, 16
    call    set_mask
    call    load
by_cl16:
    shl     ax, cl
    mix
    mov     ch, 32
    call    set_mask
    call    load
by_cl32:
    shl     eax, cl
    mix
    inc     bx
    cmp     bx, counts.end
    jne     next_count
    add     si, 4
    cmp     si, values.end
    jne     next_value
    show16  bp
    show_sum
    newline
    inc     bp
    cmp     bp, 8
    jne     next_kind

    test_end

; Leaves CF out when the count in CL is CH or more, but for SAR.
set_mask:
    mov     byte [test_mask], LOGIC & 0xff
    mov     ax, cx
    and     al, 31
    cmp     bp, 7
    je      .defined
    cmp     al, ch
    jb      .defined
    dec     byte [test_mask]
.defined:
    ret

load:
    mov     eax, [si]
    stc
    ret

values:
    dd      0x12345678, 0x87654321, 0x80808080, 0xffffffff, 1
.end:
counts:
    db      0, 1, 2, 4, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 41, 0xff
.end:
    boot_signature
