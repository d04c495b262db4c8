; SPDX-License-Identifier: GPL-3.0-or-later
; INT n and IRET in real mode: what is pushed, that IF and TF are cleared and the others kept, IRETD, the table at another
; place (LIDT) and its limit: an entry beyond is #GP.

%include "test.inc"

    test_begin
    catch   0x60, first
    mov     sp, 0x7000
    push    dword 0
    mov     eax, 0x12345678
    push    word 0x0ed7             ; IF, DF and all others
    popf
    int     0x60
after:
    pushf
    cli
    cld
    pop     ax
    show16  ax
    mov     ax, [0x7000 - 6]        ; flags, CS and IP as they were pushed
    show16  ax
    mov     ax, [0x7000 - 8]
    show16  ax
    mov     ax, [0x7000 - 10]
    sub     ax, after
    show16  ax
    newline
    mov     sp, 0x7c00
    push    dword 0x00240002
    push    dword 0x00000000
    push    dword iretd_to
    iretd
iretd_to:
    pushfd
    pop     eax
    show32  eax
    show16  sp
    newline

    mov     dword [0x1000 + 4 * 4], 0x07c00000 + (third - 0x7c00)
    mov     dword [0x1000 + 13 * 4], 0x07c00000 + (beyond - 0x7c00)
    mov     dword [0x1000 + 14 * 4], 0x07c00000 + (third - 0x7c00)
    lidt    [table]
    int     4
    int     13
    mov     al, 0x7f
    inc     al
    into
    int     14
    lidt    [normal]
    newline
    test_end

first:
    pushf
    pop     ax
    show16  ax
    iret

third:
    say     "int"
    show16  cs
    iret

; Limit: vector 13 is the last one. INT 14 comes here as a fault: IP is that of the INT.
beyond:
    mov     bp, sp
    mov     di, [bp]
    show8   [di]
    show8   [di + 1]
    cmp     byte [di + 1], 14
    jne     .done
    add     word [bp], 2
.done:
    iret

table:
    dw      14 * 4 - 1
    dd      0x1000
normal:
    dw      0x3ff
    dd      0
    boot_signature
