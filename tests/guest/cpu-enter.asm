; SPDX-License-Identifier: GPL-3.0-or-later
; ENTER with levels 0, 1, 2, 4 and 33 (which counts modulo 32) and LEAVE, of words and double words. The operands are written
; into the code.

%include "test.inc"

    test_begin
    mov     di, 0x6f00              ; old frames to copy from
    mov     cx, 0x80
    mov     ax, 0x1001
fill:
    stosw
    add     ax, 0x0101
    loop    fill
    mov     si, cases
next:
    lodsb
    mov     [prefix], al
    mov     [leave_prefix], al
    lodsb
    mov     [operands], al
    lodsb
    mov     [operands + 2], al
    mov     ebp, 0xbbbb6fe0
    mov     esp, 0x7000
prefix:
    nop
    db      0xc8
operands:
    db      0, 0, 0
    show32  esp
    show32  ebp
    mov     bx, 0x7000 - 14
dump:
    show16  [bx]
    add     bx, 2
    cmp     bx, 0x7000
    jb      dump
leave_prefix:
    nop
    leave
    show32  esp
    show32  ebp
    newline
    cmp     si, cases.end
    jne     next
    test_end

cases:                              ; NOP or the operand size prefix, size, level
    db      0x90, 0, 0, 0x90, 8, 1, 0x90, 4, 2, 0x90, 2, 4, 0x90, 6, 33, 0x66, 0, 0, 0x66, 4, 1, 0x66, 8, 3
.end:
    boot_signature
