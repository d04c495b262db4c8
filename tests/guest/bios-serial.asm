; SPDX-License-Identifier: GPL-3.0-or-later
; INT 14h: COM1 is set up, sends, says its state, receives what comes and gives up when nothing does; and ports that are not
; there.
; input: hi!

%include "test.inc"
%include "bios.inc"

    test_begin
    sti
    mov     dx, 0
    mov     ax, 0x00e3              ; 9600 baud, 8 bits
    bios    0x14
    call    divisor
    mov     ax, 0x001a              ; 110 baud, 7 bits, even parity
    bios    0x14
    call    divisor
    mov     ax, 0x00a3
    int     0x14
    mov     ax, 0x0377
    bios    0x14
    mov     al, 'S'
    mov     ah, 0x01
    int     0x14
    and     ah, 0x9f                ; the transmitter may have been busy
    show16  ax
    newline
    say     "ready", LF
    mov     cx, 3
.next:
    mov     ah, 0x02
    int     0x14
    test    ah, 0x80
    jnz     .next
    and     ah, 0x9f
    show16  ax
    loop    .next
    newline
    mov     ax, 0x0277              ; nothing more
    mov     bx, [0x46c]
    int     0x14
    and     ah, 0x9f
    show16  ax
    mov     ax, [0x46c]
    sub     ax, bx
    sub     ax, 8                   ; 10 ticks, of which the first may be a short one
    cmp     ax, 4
    sbb     al, al
    show8   al
    newline
    mov     bx, 0
    mov     dx, 1
    mov     ax, 0x0377
    bios    0x14
    mov     dx, 5
    mov     ax, 0x0177
    bios    0x14
    mov     dx, 0
    mov     ax, 0x0477
    bios    0x14
    test_end

; Prints LCR, then the divisor.
divisor:
    push    dx
    mov     dx, UART + 3
    in      al, dx
    show8   al
    or      al, 0x80
    out     dx, al
    mov     dl, UART & 0xff
    in      al, dx
    mov     bl, al
    inc     dx
    in      al, dx
    mov     bh, al
    mov     dl, (UART + 3) & 0xff
    in      al, dx
    and     al, 0x7f
    out     dx, al
    show16  bx
    newline
    mov     bx, 0
    pop     dx
    ret

    bios_routines
    boot_signature
