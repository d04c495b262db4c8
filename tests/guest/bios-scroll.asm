; SPDX-License-Identifier: GPL-3.0-or-later
; INT 10h, AH = 06h and 07h: windows scroll up and down, by some rows, by none (which clears), by more than they have, and with
; corners behind the screen's; a sum over the whole screen after each, and some of its cells.

%include "test.inc"

    test_begin
    mov     ax, 0x0003
    int     0x10
    push    0xb800
    pop     ds
    mov     si, cases
.next:
    push    si
    xor     di, di                  ; the screen, each cell another
    mov     ax, 0x0100
.fill:
    mov     [di], ax
    inc     ax
    inc     di
    inc     di
    cmp     di, 4096
    jb      .fill
    cs lodsw
    mov     bp, ax
    cs lodsw
    mov     cx, ax
    cs lodsw
    mov     dx, ax
    mov     ax, bp
    mov     bx, 0x5e00
    int     0x10
    show16  ax
    show16  cx
    show16  dx
    xor     si, si
    xor     bx, bx
.sum:
    lodsw
    rol     bx, 1
    xor     bx, ax
    cmp     si, 4096
    jb      .sum
    show16  bx
    show16  [0]
    show16  [5 * 160 + 10 * 2]
    show16  [9 * 160 + 12 * 2]
    show16  [24 * 160 + 79 * 2]
    newline
    pop     si
    add     si, 6
    cmp     si, cases.end
    jb      .next
    push    0
    pop     ds
    test_end

cases:                              ; AX, CX, DX
    dw      0x0601, 0x0000, 0x184f
    dw      0x0701, 0x0000, 0x184f
    dw      0x0600, 0x0000, 0x184f
    dw      0x0603, 0x050a, 0x0914
    dw      0x0703, 0x050a, 0x0914
    dw      0x0704, 0x050a, 0x0914
    dw      0x0605, 0x050a, 0x0914
    dw      0x0706, 0x050a, 0x0914
    dw      0x0680, 0x050a, 0x0914
    dw      0x0602, 0x1448, 0xffff
    dw      0x0702, 0x1448, 0xffff
    dw      0x0601, 0x0505, 0x0505
    dw      0x0601, 0x0605, 0x0509
    dw      0x0600, 0x0509, 0x0908
.end:
    boot_signature
