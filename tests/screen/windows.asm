; SPDX-License-Identifier: GPL-3.0-or-later
;
; windows: a screen made by the BIOS alone: windows by scrolling up and down (06h, 07h), characters with attributes (09h,
; 0Ah), the cursor (02h, 03h), strings (13h), what is under the cursor (08h), and the page's end.
;
; until: END

    org 0x7c00
    bits 16

    xor     ax, ax
    mov     ds, ax
    mov     es, ax
    mov     ss, ax
    mov     sp, 0x7c00
    mov     ax, 3
    int     0x10
    mov     ax, 0x0600          ; all of it blue
    mov     bh, 0x17
    xor     cx, cx
    mov     dx, 0x184f
    int     0x10
    mov     si, frames
.frame:
    mov     ax, 0x0600
    mov     bh, [si]
    mov     cx, [si + 1]
    mov     dx, [si + 3]
    int     0x10
    add     si, 5
    cmp     si, frames_end
    jb      .frame
    ; Letters down the second window, which is then scrolled.
    mov     cx, 10
    mov     dx, 0x0820
.letters:
    push    cx
    mov     ah, 2
    mov     bh, 0
    int     0x10
    mov     ax, 0x0941
    add     al, cl
    mov     bx, 0x0030
    or      bl, cl
    mov     cx, 5
    int     0x10
    inc     dh
    inc     dl
    pop     cx
    loop    .letters
    mov     ax, 0x0602
    mov     bh, 0x4f
    mov     cx, 0x081e
    mov     dx, 0x102c
    int     0x10
    mov     ax, 0x0703
    mov     bh, 0x2f
    mov     cx, 0x0a24
    mov     dx, 0x1430
    int     0x10
    mov     ax, 0x1301          ; a string that moves the cursor
    mov     bx, 0x001e
    mov     cx, text_end - text
    mov     dx, 0x0203
    mov     bp, text
    int     0x10
    mov     ah, 3
    mov     bh, 0
    int     0x10
    push    dx
    mov     ah, 2
    mov     dx, 0x0205
    int     0x10
    mov     ah, 8               ; takes a character from there
    int     0x10
    pop     dx
    push    ax
    mov     ah, 2
    int     0x10
    pop     ax
    mov     bl, ah
    mov     ah, 9
    mov     cx, 3
    int     0x10
    mov     ah, 2               ; the last line: the page scrolls
    mov     dx, 0x184a
    int     0x10
    mov     si, last
.print:
    lodsb
    or      al, al
    jz      $
    mov     ah, 0x0e
    mov     bx, 7
    int     0x10
    jmp     .print

; Attribute; top left column and line; bottom right.
frames:
    db 0x70, 2, 1, 40, 5
    db 0x4f, 30, 8, 60, 20
    db 0x2e, 5, 10, 20, 15
frames_end:
text:       db "A string", 13, 10, "of two lines "
text_end:
last:       db "1234567890 END", 0

    times 510 - ($ - $$) db 0
    dw      0xaa55
