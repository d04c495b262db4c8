; SPDX-License-Identifier: GPL-3.0-or-later
; Shifts and rotates of memory by 1, by CL and by immediates; and that a count of 0, also as 32 or E0h (5 bits count), leaves
; all flags alone, all set or all clear.

%include "test.inc"

%macro with 1+
    %1
    show32  [memory]
    show_flags 0x45                 ; ZF, PF, CF
    newline
%endmacro

    test_begin
    mov     cl, 3
    with    shl byte [memory], 4
    with    shr word [memory + 1], 3
    with    sar dword [memory], 5
    with    sar byte [memory + 3], cl
    with    rol word [memory + 2], 1
    with    ror dword [memory + 1], cl
    clc
    rcl     byte [memory + 3], 8
    stc
    rcr     dword [memory], 9
    show32  [memory]
    newline

    mov     bx, ARITHMETIC | 2
again:
    mov     eax, 0x12345678
    mov     cl, 0xe0
    push    bx
    popf
    shl     ax, 32
    sar     byte [memory], 0
    shr     eax, cl
    shl     al, cl
    rol     ax, cl
    rcr     dword [memory], cl
    rcl     bl, 0
    show_flags ARITHMETIC
    show32  eax
    newline
    xor     bx, ARITHMETIC
    cmp     bx, 2
    je      again
    test_end

memory:
    dd      0x87654321, 0
    boot_signature
