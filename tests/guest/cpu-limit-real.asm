; SPDX-License-Identifier: GPL-3.0-or-later
; Accesses over the end of a segment in real mode are #GP, and #SS when they go by SS: reads, writes, string instructions, a
; 32-bit address, the stack at odd pointers, jumps beyond FFFFh. Nothing is written then, and no register has moved.
; judge: datasheet. QEMU does not check limits (Intel SDM volume 3, 5.3; volume 2, real-address mode exceptions of each
;   instruction)
; qemu: read
; right: read# 0d fd# 0d fb# 0c fd
; qemu: write 34000044
; right: write# 0d fd# 0d fb# 0d fb# 0d fb 11223344# 0d fc# 0d fc
; qemu: string 0000 0008 0000
; right: string# 0d ff 0000 0008# 0d fd 0001
; lab: the laboratory's processor is QEMU's

%include "test.inc"

    test_begin
    catch_faults
    mov     ax, 0x1000
    mov     es, ax
    mov     bx, 0xffff
    mov     byte [es:bx], 0x34
    say     "read"
    try     mov ax, [es:bx]
    try     mov eax, [es:bx - 2]
    mov     bp, bx
    try     mov ax, [bp]
    try     add [bp], al
    newline
    say     "write"
    mov     dword [es:0xfffc], 0x11223344
    try     mov [es:bx], ax
    try     mov [es:bx - 2], eax
    try     add [es:bx - 1], eax
    try     xchg [es:bx - 2], eax
    show32  [es:0xfffc]
    mov     ebx, 0x10000
    try     mov [es:ebx], al
    try     inc byte [ebx * 2]
    newline
    say     "string"
    mov     di, 0xffff
    try     stosw
    mov     di, 0xfffc
    mov     cx, 3
    try     rep stosd
    show16  cx
    show16  di
    mov     ecx, 3
    mov     edi, 0xfffe
    try     a32 rep stosb
    show16  cx
    newline
    test_end
    boot_signature
