; SPDX-License-Identifier: GPL-3.0-or-later
;
; ball: moves a ball over the page, one step each vertical retrace (port 3DAh), with a sound at each wall (channel 2 and port
; 61h), for 100 steps. Uses the keyboard's status port to look for Escape, and INT 15h, AH=86h to pause.
;
; until: done

    org 0x7c00
    bits 16

    xor     ax, ax
    mov     ds, ax
    mov     ss, ax
    mov     sp, 0x7c00
    mov     ax, 0xb800
    mov     es, ax
    mov     ax, 3
    int     0x10
    mov     cx, 0x2000          ; a cursor that is not seen
    mov     ah, 1
    int     0x10
    mov     bx, 0x0101          ; BH: down, BL: right
    mov     cx, 0x0b12          ; CH: line, CL: column
    mov     bp, 100
frame:
    mov     dx, 0x3da
.low:
    in      al, dx
    test    al, 8
    jnz     .low
.high:
    in      al, dx
    test    al, 8
    jz      .high
    mov     ax, 0x0720
    call    draw
    add     ch, bh
    add     cl, bl
    or      ch, ch
    jz      .turn_vertical
    cmp     ch, 24
    jne     .vertical_done
.turn_vertical:
    neg     bh
    call    beep
.vertical_done:
    or      cl, cl
    jz      .turn_horizontal
    cmp     cl, 79
    jne     .horizontal_done
.turn_horizontal:
    neg     bl
    call    beep
.horizontal_done:
    mov     ax, 0x0e4f
    call    draw
    in      al, 0x64
    test    al, 1
    jz      .go_on
    in      al, 0x60
    cmp     al, 1
    je      finish
.go_on:
    dec     bp
    jnz     frame
finish:
    mov     si, done
    xor     di, di
    mov     ah, 0x0a
.print:
    lodsb
    or      al, al
    jz      $
    stosw
    jmp     .print

draw:
    push    ax
    mov     al, 80
    mul     ch
    mov     di, ax
    mov     al, cl
    xor     ah, ah
    add     di, ax
    shl     di, 1
    pop     ax
    mov     [es:di], ax
    ret

beep:
    pusha
    mov     al, 0xb6
    out     0x43, al
    mov     ax, 1193182 / 880
    out     0x42, al
    mov     al, ah
    out     0x42, al
    in      al, 0x61
    or      al, 3
    out     0x61, al
    mov     ah, 0x86            ; 20 ms
    xor     cx, cx
    mov     dx, 20000
    int     0x15
    in      al, 0x61
    and     al, 0xfc
    out     0x61, al
    popa
    ret

done:       db "done", 0

    times 510 - ($ - $$) db 0
    dw      0xaa55
