; SPDX-License-Identifier: GPL-3.0-or-later
; INC, DEC, NEG and NOT of 8, 16 and 32 bits, in registers and in memory: results and flags, and that INC, DEC and NOT leave
; CF alone.

%include "test.inc"

    test_begin
    mov     si, values
next:
    mov     ebx, [si]
    show32  ebx
    newline

; NAME, INSTRUCTION
%macro one 2
    say     %1
    mov     [operand], ebx
    stc
    %2      byte [operand]
    show_flags ARITHMETIC
    clc
    %2      word [operand + 1]
    show_flags ARITHMETIC
    mov     eax, [operand]
    %2      ah
    stc
    %2      eax
    show32  eax
    show_flags ARITHMETIC
    newline
%endmacro

    one     "inc", inc
    one     "dec", dec
    one     "neg", neg
    one     "not", not
    add     si, 4
    cmp     si, values.end
    jne     next
    test_end

operand:
    dd      0
values:
    dd      0, 0xffffffff, 0x80808080, 0x7f7f7f7f, 0x0f0f0f0f, 0x10101010, 0x12345678, 0xfedcba98
.end:
    boot_signature
