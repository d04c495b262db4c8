; SPDX-License-Identifier: GPL-3.0-or-later
; INT 19h: the sector is read again, memory, vectors and the screen stay, and the registers are as at the first start.

%include "test.inc"
%include "bios.inc"

MARK    equ 0x9000

    pushad
    pushfd
    push    ds
    push    es
    push    ss
    push    fs
    push    gs
    cli
    mov     bp, sp
    xor     cx, cx
    mov     ds, cx
    mov     byte [bp + 26], 0       ; SP, where one PC and another differ a little
    words   bp, 23
    show8   [fresh]
    inc     byte [fresh]
    cmp     dword [MARK], 0x4b52414d
    je      .second
    mov     dword [MARK], 0x4b52414d
    mov     dword [0x60 * 4], 0x12345678
    mov     dword [0x1c * 4], 0xf000ff53
    mov     byte [0x417], 0x40
    mov     word [0x41c], 0x22
    newline
    mov     esp, 0x12345678         ; anything
    mov     ax, 0x5000
    mov     ss, ax
    mov     fs, ax
    mov     gs, ax
    mov     ds, ax
    mov     es, ax
    mov     ebx, 0x11111111
    mov     ecx, ebx
    mov     edx, ebx
    mov     esi, ebx
    mov     edi, ebx
    mov     ebp, ebx
    std
    int     0x19
    say     "returned", LF
.second:
    show32  [0x60 * 4]
    show8   [0x417]
    show16  [0x41c]
    newline
    test_end

fresh:
    db      0
    words_routine
    boot_signature
