; SPDX-License-Identifier: GPL-3.0-or-later
;
; hello: the first boot sector that everybody writes. Sets no segment registers but DS, and uses whatever stack there is.
;
; until: Goodbye.

    org 0x7c00
    bits 16

    xor     ax, ax
    mov     ds, ax
    mov     ax, 3               ; clears the screen
    int     0x10
    mov     si, text
next:
    lodsb
    test    al, al
    jz      halt
    mov     ah, 0x0e
    mov     bx, 7
    int     0x10
    jmp     next
halt:
    cli
    hlt
    jmp     halt

text:
    db      "Hello, world!", 13, 10
    db      "A tab:", 9, "a bell:", 7, " a step back: xx", 8, 8, "yz", 13, 10, 10
    db      "Goodbye.", 0

    times 510 - ($ - $$) db 0
    dw      0xaa55
