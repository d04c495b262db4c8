; SPDX-License-Identifier: GPL-3.0-or-later
;
; clock: shows the date by int 1Ah and the time by CMOS, counts 3 s of the clock and says whether about 54 ticks
; came meanwhile, by int 1Ah and by a handler at 1Ch; waits for the update flag as the datasheet says.
;
; hide: 1 0 8
; until: finished

    org 0x7c00
    bits 16

    xor     ax, ax
    mov     ds, ax
    mov     es, ax
    cli
    mov     ss, ax
    mov     sp, 0x7c00
    mov     word [0x1c * 4], tick
    mov     [0x1c * 4 + 2], ax
    sti
    mov     ax, 3
    int     0x10
    mov     ah, 4               ; the date: CX: century and year, DH: month, DL: day
    int     0x1a
    mov     al, ch
    call    bcd
    mov     al, cl
    call    bcd
    mov     al, '-'
    call    put
    mov     al, dh
    call    bcd
    mov     al, '-'
    call    put
    mov     al, dl
    call    bcd
    call    newline
    mov     al, 4               ; hours
    call    cmos
    call    bcd
    mov     al, ':'
    call    put
    mov     al, 2
    call    cmos
    call    bcd
    mov     al, ':'
    call    put
    xor     al, al
    call    cmos
    call    bcd
    call    newline
    call    next_second
    mov     word [own], 0
    mov     ah, 0
    int     0x1a
    push    dx
    mov     cx, 3
.second:
    push    cx
    call    next_second
    pop     cx
    loop    .second
    mov     ah, 0
    int     0x1a
    pop     ax
    sub     dx, ax
    mov     ax, dx
    call    judge
    mov     ax, [own]
    call    judge
    mov     si, finished
.print:
    lodsb
    or      al, al
    jz      $
    call    put
    jmp     .print

judge:
    cmp     ax, 30              ; loose, since on a busy host QEMU's ticks come late
    jb      .wrong
    cmp     ax, 80
    jbe     .right
.wrong:
    push    ax
    mov     al, 'x'
    call    put
    pop     ax
    aam                         ; what it was, when below 100
    or      al, ah
    call    put
    ret
.right:
    mov     al, 'v'
    jmp     put

next_second:
    xor     al, al
    call    cmos
    mov     bl, al
.same:
    xor     al, al
    call    cmos
    cmp     al, bl
    je      .same
    ret

; A register of the clock, read outside of an update.
cmos:
    push    ax
.busy:
    mov     al, 10
    out     0x70, al
    in      al, 0x71
    test    al, 0x80
    jnz     .busy
    pop     ax
    out     0x70, al
    in      al, 0x71
    ret

tick:
    inc     word [cs:own]
    iret

bcd:
    push    ax
    shr     al, 4
    add     al, '0'
    call    put
    pop     ax
    and     al, 15
    add     al, '0'
put:
    pusha
    mov     ah, 0x0e
    mov     bx, 7
    int     0x10
    popa
    ret

newline:
    mov     al, 13
    call    put
    mov     al, 10
    jmp     put

own:        dw 0
finished:   db " finished", 0

    times 510 - ($ - $$) db 0
    dw      0xaa55
