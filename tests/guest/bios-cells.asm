; SPDX-License-Identifier: GPL-3.0-or-later
; INT 10h, AH = 08h to 0Ah, 13h: cells with and without colours, on other pages, and across the right edge; strings in all four
; ways, with control characters and at the end of the screen.

%include "test.inc"
%include "bios.inc"

    test_begin
    mov     ax, 0x0003
    int     0x10
    mov     dx, 0x024e
    mov     bh, 0
    mov     ah, 0x02
    int     0x10
    mov     ax, 0x0a41              ; characters only
    mov     bl, 0x3c
    mov     cx, 3
    bios    0x10
    mov     dx, 0x0501
    mov     bh, 2
    mov     ah, 0x02
    int     0x10
    mov     ax, 0x0942              ; with colours, on page 2
    mov     bl, 0x3c
    mov     cx, 3
    bios    0x10
    mov     ah, 0x08
    bios    0x10
    mov     cx, 0
    mov     ax, 0x0943              ; none
    int     0x10
    mov     ah, 0x08
    mov     bh, 0
    bios    0x10
    mov     ah, 0x03
    mov     bh, 2
    bios    0x10
    mov     si, strings
.next:
    lodsw
    xchg    ax, cx
    lodsw
    xchg    ax, dx
    lodsw
    mov     bx, 0x001e
    mov     bp, text
    push    si
    bios    0x10
    mov     ah, 0x03
    int     0x10
    show16  dx
    newline
    pop     si
    cmp     si, strings.end
    jb      .next
    push    0xb800
    pop     ds
    words   2 * 160 + 78 * 2, 4
    words   0x2000 + 5 * 160, 5
    words   9 * 160 + 3 * 2, 6
    words   10 * 160 + 3 * 2, 4
    words   22 * 160 + 77 * 2, 5
    words   23 * 160, 4
    words   24 * 160, 4
    push    0
    pop     ds
    test_end

strings:                            ; CX, DX, AX
    dw      4, 0x0a03, 0x1300
    dw      4, 0x0b03, 0x1301
    dw      2, 0x0a05, 0x1302
    dw      2, 0x0a03, 0x1303
    dw      8, 0x184d, 0x1301
    dw      0, 0x0202, 0x1301
.end:
text:
    db      "A", 0x4f, "b", 0x70, 13, 10, 8, 7

    bios_routines
    words_routine
    boot_signature
