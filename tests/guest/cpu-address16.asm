; SPDX-License-Identifier: GPL-3.0-or-later
; All 24 forms of 16-bit addressing, by LEA and by loads: offsets wrap at 64 KiB, forms with BP use SS, others DS, and an
; override beats both. The ModR/M byte is written into the code.

%include "test.inc"

    test_begin
    mov     di, 0x8000              ; DS: 80000h, SS: 90000h; a pattern in both
    mov     es, di
    xor     di, di
    mov     cx, 0x8000
    mov     ax, 0x0101
fill:
    stosw
    add     ax, 0x3b57
    loop    fill
    mov     ax, 0x9000
    mov     es, ax
    mov     cx, 0x8000
fill2:
    stosw
    add     ax, 0x1d6f
    loop    fill2

    mov     bp, 0                   ; ModR/M, mod 0 to 2
next:
    mov     ax, bp
    mov     [lea16 + 1], al
    mov     [lea32 + 2], al
    or      al, 2 << 3              ; DX
    mov     [load + 1], al
    mov     [load_fs + 2], al
    push    bp
    mov     [saved_sp], sp
    mov     ax, 0x8000
    mov     ds, ax
    mov     fs, ax
    mov     ax, 0x9000
    mov     ss, ax
    mov     sp, 0x0
    mov     ebx, 0x5555c123
    mov     esi, 0x66667654
    mov     edi, 0x7777a987
    mov     ebp, 0x88889abc
    mov     eax, 0xffffffff
lea16:
    lea     ax, [bx + si]           ; a displacement takes one or both of the NOPs
    nop
    nop
    mov     ecx, eax
lea32:
    lea     eax, [bx + si]
    nop
    nop
    add     ecx, eax
load:
    mov     dx, [bx + si]
    nop
    nop
    shl     edx, 16
load_fs:
    mov     dx, [fs:bx + si]
    nop
    nop
    xor     ax, ax
    mov     ss, ax
    mov     ds, ax
    mov     sp, [saved_sp]
    pop     bp
    show16  bp
    show32  ecx
    show32  edx
    newline
    inc     bp
    mov     ax, bp
    and     al, 7
    jnz     next
    add     bp, 0x38                ; the next mod
    cmp     bp, 0xc0
    jne     next
    test_end

saved_sp:
    dw      0
    boot_signature
