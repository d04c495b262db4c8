; SPDX-License-Identifier: GPL-3.0-or-later
;
; typist: a prompt. Reads lines by int 16h with echo, erases by backspace, scrolls by teletype, answers each line turned
; round; "quit" ends it.
;
; when: > 
; keys: h e l l o spc w o x backspace r l d ret shift+a shift+1 minus 7 ret a b c esc d ret q u i t ret
; until: bye

    org 0x7c00
    bits 16

    xor     ax, ax
    mov     ds, ax
    mov     es, ax
    mov     ss, ax
    mov     sp, 0x7c00
    mov     ax, 0x0003
    int     0x10
prompt:
    mov     si, arrow
    call    print
    mov     di, buffer
key:
    xor     ah, ah
    int     0x16
    cmp     al, 8
    je      erase
    cmp     al, 13
    je      line
    cmp     al, 32
    jb      key
    cmp     di, buffer + 60
    jae     key
    stosb
    call    put
    jmp     key
erase:
    cmp     di, buffer
    je      key
    dec     di
    mov     si, back
    call    print
    jmp     key
line:
    mov     byte [di], 0
    mov     si, newline
    call    print
    mov     si, buffer
    mov     bx, quit
.compare:
    lodsb
    cmp     al, [bx]
    jne     .answer
    inc     bx
    or      al, al
    jnz     .compare
    mov     si, bye
    call    print
    jmp     $
.answer:
    cmp     di, buffer
    je      .done
    dec     di
    mov     al, [di]
    call    put
    jmp     .answer
.done:
    mov     si, newline
    call    print
    jmp     prompt

print:
    lodsb
    or      al, al
    jz      .end
    call    put
    jmp     print
.end:
    ret

put:
    mov     ah, 0x0e
    xor     bx, bx
    int     0x10
    ret

arrow:      db "> ", 0
back:       db 8, 32, 8, 0
newline:    db 13, 10, 0
quit:       db "quit", 0
bye:        db "bye", 0
buffer      equ 0x7e00

    times 510 - ($ - $$) db 0
    dw      0xaa55
