; SPDX-License-Identifier: GPL-3.0-or-later
; IN and OUT of 8, 16 and 32 bits, by DX and by an immediate, on ports that nobody has: ones, and the rest of EAX stays; and on
; the 8259A's mask, byte by byte.

%include "test.inc"

    test_begin
    mov     eax, 0x12345678
    mov     dx, 0x0e00
    in      al, dx
    show32  eax
    mov     ax, 0
    in      ax, dx
    show32  eax
    xor     eax, eax
    in      eax, dx
    show32  eax
    mov     eax, 0x12345678
    in      al, 0xe0
    show32  eax
    in      ax, 0xe2
    show32  eax
    in      eax, 0xe4
    show32  eax
    newline
    mov     eax, 0x5a5a5a5a
    out     0xe0, al
    out     0xe0, ax
    out     0xe0, eax
    out     dx, al
    out     dx, ax
    out     dx, eax
    mov     al, 0xa5
    out     0xa1, al
    mov     eax, 0x11223344
    in      al, 0xa1
    show32  eax
    mov     al, 0x3c
    mov     dx, 0xa1
    out     dx, al
    mov     al, 0
    in      al, dx
    show32  eax
    mov     al, 0xff
    out     dx, al
    newline
    test_end
    boot_signature
