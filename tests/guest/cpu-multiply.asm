; SPDX-License-Identifier: GPL-3.0-or-later
; MUL and IMUL of 8, 16 and 32 bits and IMUL with two and three operands: results, CF and OF (the others are undefined).

%include "test.inc"

    test_begin
    mov     word [test_mask], 0x801
    mov     si, values
first:
    mov     di, values
second:
    mov     eax, [si]
    mov     ecx, [di]
%macro one 2+
    call    load
    %1      %2
    call    both
%endmacro
    one     mul, cl
    one     mul, cx
    one     mul, ecx
    one     imul, cl
    one     imul, cx
    one     imul, ecx
    one     imul, ax, cx
    one     imul, eax, ecx
    one     imul, eax, [di]
    one     imul, ax, cx, -3
    one     imul, eax, ecx, -128
    one     imul, ax, [di], 0x7fff
    one     imul, eax, [di + 1], 0x80000000
    one     mul, byte [di + 1]
    one     mul, dword [di]
    one     imul, word [di + 2]
    add     di, 4
    cmp     di, values.end
    jne     second
    show32  [si]
    show_sum
    newline
    add     si, 4
    cmp     si, values.end
    jne     first
    test_end

load:
    mov     eax, [si]
    mov     edx, 0x5a5a5a5a
    ret
both:
    mix
    mov     eax, edx
    mix
    ret

values:
    dd      0, 1, 0xffffffff, 0x80808080, 0x7f7f7f7f, 0x12345678, 0xfedcba98, 0x80000000, 0x00100010, 0xffff8000
.end:
    db      0
    boot_signature
