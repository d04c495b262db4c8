; SPDX-License-Identifier: GPL-3.0-or-later
; All sixteen conditions on all combinations of OF, SF, ZF, PF and CF: SETcc, short and near Jcc, CMOVcc of 16 and 32 bits.
; The opcodes are written into the code.

%include "test.inc"

    test_begin
    mov     word [test_mask], 0
    mov     di, 0                   ; the condition
next:
    mov     ax, di
    mov     [short_jump], al
    or      byte [short_jump], 0x70
    mov     [near_jump + 1], al
    or      byte [near_jump + 1], 0x80
    mov     [set + 1], al
    or      byte [set + 1], 0x90
    or      al, 0x40
    mov     [move + 1], al
    mov     [move32 + 2], al
    mov     bp, 0                   ; which of the flags are set
flags:
    xor     eax, eax
    mov     dx, bp
    mov     bx, 4
collect:
    shr     dx, 1
    jnc     clear
    mov     cl, [flag_bits + bx]
    mov     ah, 1
    shl     ah, cl
    or      al, ah
clear:
    dec     bx
    jns     collect
    mov     ah, 0
    test    al, 2                   ; stands for OF
    jz      no_overflow
    xor     al, 2
    mov     ah, 8
no_overflow:
    push    ax
    mov     ebx, 0x12345678
    mov     ecx, 0x87654321
    mov     edx, 0
    popf
set:
    sete    dl
short_jump:
    je      taken
    or      dh, 0x10
taken:
near_jump:
    je      near taken2
    or      dh, 0x20
taken2:
move:
    cmove   bx, cx
move32:
    cmove   ecx, ebx
    mov     eax, edx
    mix
    mov     eax, ebx
    mix
    mov     eax, ecx
    mix
    inc     bp
    cmp     bp, 32
    jne     flags
    show8   [short_jump]
    show_sum
    newline
    inc     di
    cmp     di, 16
    jne     next
    test_end

flag_bits:                          ; CF, PF, ZF, SF, and bit 1 for OF
    db      0, 2, 6, 7, 1
    boot_signature
