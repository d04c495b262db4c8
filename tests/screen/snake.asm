; SPDX-License-Identifier: GPL-3.0-or-later
;
; snake: a game as people write them: polls int 16h, waits on the tick count at 46Ch, draws into B8000h. The snake is a ring of
; screen offsets; food falls by a generator of its own, so that the same keys play the same game.
;
; when: any key
; keys: spc down right down left down right up up up up up
; until: over

    org 0x7c00
    bits 16

LENGTH_MOST equ 128
ring        equ 0x8000          ; 256 words

    cli
    xor     ax, ax
    mov     ds, ax
    mov     ss, ax
    mov     sp, 0x7c00
    sti
    mov     ax, 0x0003
    int     0x10
    push    0xb800
    pop     es
    mov     si, title
    mov     di, 160 * 12 + 60
    call    print
    xor     ax, ax
    int     0x16
    xor     di, di
    mov     ax, 0x0720
    mov     cx, 2000
    rep     stosw
    mov     ax, 0x0edb          ; the wall
    xor     di, di
    mov     cx, 80
    rep     stosw
    mov     di, 160 * 24
    mov     cx, 80
    rep     stosw
    mov     di, 160
    mov     cx, 23
.wall:
    mov     [es:di], ax
    mov     [es:di + 158], ax
    add     di, 160
    loop    .wall
    call    food
    mov     di, 160 * 12 + 80
    mov     bp, 2               ; the step
step:
    mov     ax, [0x46c]
    add     ax, 3
.wait:
    hlt
    cmp     [0x46c], ax
    jne     .wait
    mov     ah, 1
    int     0x16
    jz      .move
    xor     ax, ax
    int     0x16
    mov     bx, directions
.look:
    cmp     ah, [bx]
    je      .found
    add     bx, 3
    cmp     bx, directions_end
    jb      .look
    jmp     .move
.found:
    mov     bp, [bx + 1]
.move:
    add     di, bp
    mov     al, [es:di]
    cmp     al, '*'
    je      .eat
    cmp     al, ' '
    jne     over
    call    tail
    jmp     .draw
.eat:
    inc     byte [length]
    inc     word [score]
    call    food
.draw:
    mov     word [es:di], 0x0a02
    movzx   bx, byte [head]
    shl     bx, 1
    mov     [ring + bx], di
    inc     byte [head]
    mov     ax, [score]
    add     ax, 0x1f30
    mov     [es:150], ax
    jmp     step

tail:
    mov     bl, [head]
    sub     bl, [length]
    mov     bh, 0
    shl     bx, 1
    mov     bx, [ring + bx]
    or      bx, bx              ; not that long yet
    jz      .none
    mov     word [es:bx], 0x0720
.none:
    ret

food:
    mov     ax, [seed]
    imul    ax, ax, 25173
    add     ax, 13849
    mov     [seed], ax
    xor     dx, dx
    mov     cx, 1900
    div     cx
    mov     bx, dx
    shl     bx, 1
    cmp     byte [es:bx], ' '
    jne     food
    mov     word [es:bx], 0x0c2a
    ret

over:
    mov     si, end
    mov     di, 160 * 10 + 70
    call    print
    jmp     $

print:
    lodsb
    or      al, al
    jz      .end
    mov     ah, 0x0f
    stosw
    jmp     print
.end:
    ret

title:      db "Press any key", 0
end:        db "Game over", 0
; Scan codes of the arrows, and what they add.
directions: db 0x48
            dw -160
            db 0x50
            dw 160
            db 0x4b
            dw -2
            db 0x4d
            dw 2
directions_end:
seed:       dw 4711
score:      dw 0
length:     db 4
head:       db 0

    times 510 - ($ - $$) db 0
    dw      0xaa55
