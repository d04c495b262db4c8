; SPDX-License-Identifier: GPL-3.0-or-later
;
; A boot sector as others write them: no descriptor, no serial port. It prints through the BIOS and halts.

    bits 16
    org 0x7c00

    cli
    xor     ax, ax
    mov     ds, ax
    mov     ss, ax
    mov     sp, 0x7c00
    sti
    cld
    mov     si, text
.next:
    lodsb
    test    al, al
    jz      .halt
    mov     ah, 0x0e
    mov     bx, 0x0007
    int     0x10
    jmp     .next
.halt:
    cli
    hlt
    jmp     .halt

text:
    db      "Hello from a boot sector", 13, 10, 0

    times 510 - ($ - $$) db 0
    db      0x55, 0xaa
