; SPDX-License-Identifier: GPL-3.0-or-later
;
; direct: writes the text page itself: a clear screen, a frame, all 256 characters and all attributes; no cursor.
;
; until: END

    org 0
    bits 16

    jmp     0x07c0:start        ; the other way to set CS
start:
    mov     ax, cs
    mov     ds, ax
    mov     ax, 0xb800
    mov     es, ax
    mov     ah, 1               ; hides the cursor
    mov     cx, 0x2607
    int     0x10
    cld
    xor     di, di
    mov     ax, 0x1720
    mov     cx, 80 * 25
    rep     stosw
    mov     di, (3 * 80 + 8) * 2
    xor     ax, ax
    mov     cx, 16
.row:
    push    cx
    mov     cx, 16
.column:
    stosb
    xchg    al, ah
    stosb
    xchg    al, ah
    inc     al
    inc     ah
    add     di, 2
    loop    .column
    add     di, (80 - 32) * 2
    pop     cx
    loop    .row
    mov     si, box
    mov     di, (21 * 80 + 30) * 2
    mov     ah, 0x4e
.text:
    lodsb
    or      al, al
    jz      .done
    stosw
    jmp     .text
.done:
    mov     bp, 24 * 160        ; the last line, from the right to the left
    std
    mov     di, bp
    add     di, 158
    mov     ax, 0x70c4
    mov     cx, 80
    rep     stosw
    cld
    jmp     $

box:
    db      201, 205, " END ", 205, 187, 0

    times 510 - ($ - $$) db 0
    dw      0xaa55
