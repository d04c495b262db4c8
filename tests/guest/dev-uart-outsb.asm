; SPDX-License-Identifier: GPL-3.0-or-later
; REP OUTSB to the transmitter's FIFO, sixteen bytes in one go, from both ends and over a segment's; REP INSB from the receiver in
; loopback; and OUT of words and double words to byte-wide ports.

%include "test.inc"
%include "dev.inc"

    dev_begin
    put     UART + 2, 0x07
    mov     dx, UART
    mov     si, forth
    mov     cx, 16
    rep outsb
    newline
    mov     dx, UART
    mov     si, back.end - 1
    mov     cx, 16
    std
    rep outsb
    cld
    newline
    push    ds
    mov     ax, 0x07c0
    mov     ds, ax
    mov     dx, UART
    mov     si, forth - 0x7c00
    mov     cx, 8
    rep outsb
    pop     ds
    newline
    put     UART + 4, 0x10
    mov     dx, UART
    mov     si, forth
    mov     cx, 16
    rep outsb
    mov     cx, 16
    rep insb
    put     UART + 4, 0x0b
    mov     dx, UART + 6
    in      al, dx
    tell    "in:"
    put     UART + 3, 0x83
    mov     dx, UART
    mov     ax, 0x0001              ; both halves of the divisor
    out     dx, ax
    in      ax, dx
    stosw
    put     UART + 3, 0x03
    mov     dx, UART + 4
    mov     ax, 0x000b
    out     dx, ax
    mov     dx, UART + 7
    mov     al, 0x77
    out     dx, al
    mov     dx, UART + 4
    in      eax, dx
    stosd
    tell    "wide:"
    test_end

forth:
    db      "sixteen bytes on"
back:
    db      "dnuora yaw ehtwo"
.end:

    dev_end
