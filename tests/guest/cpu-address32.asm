; SPDX-License-Identifier: GPL-3.0-or-later
; 32-bit addressing: all forms without and with a SIB byte, by LEA. The bytes are written into the code.

%include "test.inc"

    test_begin
    mov     byte [test_mask + 1], 0
    mov     byte [test_mask], 0
    mov     bp, 0                   ; ModR/M, mod 0 to 2
next:
    mov     dx, 0                   ; SIB
next_sib:
    push    bp
    push    dx
    mov     ax, bp
    mov     [form + 3], al
    mov     [form + 4], dl
    mov     [saved_esp], esp
    mov     ebx, 0x10203040
    mov     ecx, 0x01020304
    mov     edx, 0x80000000
    mov     esi, 0x7fffffff
    mov     edi, 0x00000001
    mov     ebp, 0xfffffff0
    mov     esp, 0x00abcdef
    mov     eax, 0x99999999
form:
    db      0x67, 0x66, 0x8d, 0, 0x90, 0x90, 0x90, 0x90, 0x90
    mov     esp, [saved_esp]
    mix
    pop     dx
    pop     bp
    mov     ax, bp
    and     al, 7
    cmp     al, 4
    jne     no_sib
    inc     dl
    jnz     next_sib
no_sib:
    show16  bp
    show_sum
    newline
    inc     bp
    mov     ax, bp
    and     al, 7
    jnz     next
    add     bp, 0x38
    cmp     bp, 0xc0
    jne     next
    test_end

saved_esp:
    dd      0
    boot_signature
