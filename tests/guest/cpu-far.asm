; SPDX-License-Identifier: GPL-3.0-or-later
; Far CALL and JMP, direct and by memory, 16- and 32-bit offsets; RETF, RETF n, RET n; near CALL and JMP by register (also SP)
; and memory; jumps with a 32-bit operand size.

%include "test.inc"

    test_begin
    call    0x07c0:far_word - 0x7c00
    call    dword 0x0700:far_dword - 0x7000
    call    far [pointer16]
    call    far dword [pointer32]
    jmp     far [jump16]
back16:
    show16  cs
    jmp     far dword [jump32]
back32:
    show16  cs
    jmp     dword 0x0000:back
back:
    show16  cs
    newline

    push    word 0x1111
    push    word 0x2222
    call    take2
    show16  sp
    push    word 0x1111
    push    word 0x2222
    push    cs
    call    take2far
    show16  sp
    newline

    mov     ebx, near1
    call    bx
    call    ebx
    call    [table]
    call    dword [table]
    mov     bp, sp
    mov     sp, near_sp
    call    sp                      ; goes to where SP pointed before the push
near_back:
    mov     sp, bp
    mov     ax, jump1
    jmp     ax
jump1:
    jmp     [table + 4]
jump2:
    db      0x66, 0xe9              ; JMP rel32
    dd      jump3 - ($ + 4)
    hlt
jump3:
    db      0x66, 0x0f, 0x84        ; JE rel32, not taken
    dd      0x100
    call    dword near1              ; pushes four bytes, of which the RET takes two
    show16  sp
    newline
    test_end

far_word:
    show16  cs
    retf
far_dword:
    show16  cs
    o32 retf
take2:
    ret     4
take2far:
    retf    4
near1:
    show16  sp
    cmp     sp, 0x7bf8
    jb      wide
    ret
wide:
    o32 ret
    dw      0                       ; the call pushes here
near_sp:
    jmp     near_back

table:
    dd      near1
    dw      jump2
pointer16:
    dw      far_word - 0x7000, 0x0700
pointer32:
    dd      far_dword - 0x7c00
    dw      0x07c0
jump16:
    dw      back16 - 0x7c00, 0x07c0
jump32:
    dd      back32 - 0x7000
    dw      0x0700
    boot_signature
