; SPDX-License-Identifier: GPL-3.0-or-later
;
; loader: the first stage of a loader: keeps the drive from DL, resets it and tries up to three times to read, says what
; came of it. The disk is this sector alone: sector 1 is read and compared, and the second stage is missing.
;
; until: System halted

    org 0x7c00
    bits 16

    jmp     short start
    nop
    times 59 db 0               ; where a file system's parameters would be; some BIOSes write here
start:
    cli
    xor     ax, ax
    mov     ds, ax
    mov     es, ax
    mov     ss, ax
    mov     sp, 0x7c00
    sti
    mov     [drive], dl
    mov     ax, 3
    int     0x10
    mov     si, loading
    call    print
    mov     bx, 0x8000
    mov     cx, 1               ; cylinder 0, sector 1
    call    read
    jc      failed
    mov     si, 0x7d00          ; behind what has changed since
    mov     di, 0x8100
    mov     cx, 128
    repe    cmpsw
    mov     si, same
    je      .say
    mov     si, differs
.say:
    call    print
    mov     bx, 0x8200
    mov     cx, 2
    call    read
    jnc     failed
failed:
    mov     si, error
    call    print
    mov     si, halted
    call    print
    cli
    hlt

read:
    mov     bp, 3
.try:
    xor     ah, ah              ; reset
    mov     dl, [drive]
    int     0x13
    mov     ax, 0x0201
    mov     dl, [drive]
    mov     dh, 0
    int     0x13
    jnc     .done
    mov     al, '.'
    call    put
    dec     bp
    jnz     .try
    stc
.done:
    ret

print:
    lodsb
    or      al, al
    jz      .end
    call    put
    jmp     print
.end:
    ret

put:
    push    bx
    mov     ah, 0x0e
    mov     bx, 7
    int     0x10
    pop     bx
    ret

drive:      db 0
loading:    db "Loading", 0
same:       db " first sector ok, second ", 0
differs:    db " first sector differs, second ", 0
error:      db " Disk error", 13, 10, 0
halted:     db "System halted", 0

    times 510 - ($ - $$) db 0
    dw      0xaa55
