; SPDX-License-Identifier: GPL-3.0-or-later
;
; pmode: 32-bit protected mode with the interrupts moved to 20h, the timer at 100 Hz and the keyboard by its port.
;
; when: keys:
; keys: a b c
; until: 50 ticks

    org 0x7c00
    bits 16

    cli
    xor     ax, ax
    mov     ds, ax
    mov     es, ax
    mov     ss, ax
    mov     sp, 0x7c00
    mov     ax, 3
    int     0x10
    in      al, 0x92
    or      al, 2
    and     al, 0xfe
    out     0x92, al
    lgdt    [gdt_pointer]
    mov     eax, cr0
    or      al, 1
    mov     cr0, eax
    jmp     8:protected

    bits 32

protected:
    mov     ax, 16
    mov     ds, ax
    mov     es, ax
    mov     fs, ax
    mov     gs, ax
    mov     ss, ax
    mov     esp, 0x90000
    ; The table of interrupts at 1000h: all to one handler, two to their own.
    mov     edi, 0x1000
    mov     ecx, 48
.gate:
    mov     eax, ignore
    call    gate
    loop    .gate
    mov     edi, 0x1000 + 0x20 * 8
    mov     eax, timer
    call    gate
    mov     eax, keyboard
    call    gate
    lidt    [idt_pointer]
    mov     esi, pic
.pic:
    movzx   edx, word [esi]
    mov     al, [esi + 2]
    out     dx, al
    out     0x80, al
    add     esi, 3
    cmp     esi, pic_end
    jb      .pic
    mov     esi, text
    mov     edi, 0xb8000
    mov     ah, 0x1e
.print:
    lodsb
    stosw
    cmp     esi, text_end
    jb      .print
    sti
.idle:
    hlt
    cmp     dword [ticks], 50
    jb      .idle
    cmp     dword [place], 0xb8000 + 160 * 2 + 2 * 3 * 3 ; three keys, each two digits and a space
    jb      .idle
    cli
    mov     dword [0xb8000 + 160 * 4], 0x2f302f35
    mov     esi, done
    mov     edi, 0xb8000 + 160 * 4 + 4
    mov     ah, 0x2f
.done:
    lodsb
    stosw
    cmp     esi, done_end
    jb      .done
    hlt
    jmp     $

gate:
    stosw
    mov     word [edi], 8
    mov     word [edi + 2], 0x8e00
    mov     word [edi + 4], 0
    add     edi, 6
    ret

timer:
    push    eax
    inc     dword [ticks]
    jmp     end
keyboard:
    push    eax
    in      al, 0x60
    test    al, 0x80            ; a key that goes up
    jnz     end
    push    edi
    mov     edi, [place]
    ror     eax, 4
    call    digit
    rol     eax, 4
    call    digit
    add     edi, 2
    mov     [place], edi
    pop     edi
end:
    mov     al, 0x20
    out     0x20, al
    pop     eax
ignore:
    iretd

digit:
    push    eax
    and     al, 15
    add     al, '0'
    cmp     al, '9'
    jbe     .decimal
    add     al, 7
.decimal:
    mov     ah, 0x0b
    stosw
    pop     eax
    ret

; Port and byte.
pic:
    dw 0x20
    db 0x11
    dw 0xa0
    db 0x11
    dw 0x21
    db 0x20
    dw 0xa1
    db 0x28
    dw 0x21
    db 0x04
    dw 0xa1
    db 0x02
    dw 0x21
    db 0x01
    dw 0xa1
    db 0x01
    dw 0x21
    db 0xfc
    dw 0xa1
    db 0xff
    dw 0x43
    db 0x36
    dw 0x40
    db 11932 & 0xff
    dw 0x40
    db 11932 >> 8
pic_end:

gdt:
    dq      0
    dw      0xffff, 0, 0x9a00, 0xcf
    dw      0xffff, 0, 0x9200, 0xcf
gdt_pointer:
    dw      23
    dd      gdt
idt_pointer:
    dw      48 * 8 - 1
    dd      0x1000
ticks:      dd 0
place:      dd 0xb8000 + 160 * 2
text:       db "protected, keys:"
text_end:
done:       db " ticks"
done_end:

    times 510 - ($ - $$) db 0
    dw      0xaa55
