; SPDX-License-Identifier: GPL-3.0-or-later
; Sends 0, 1, 2, ... 255, 0, 1, ... on COM1, as fast as the transmitter takes them, for ever.
        bits 16
        org 0x7c00
        xor bx, bx
again:  mov dx, 0x3fd
wait_:  in al, dx
        test al, 0x20
        jz wait_
        mov dx, 0x3f8
        mov al, bl
        out dx, al
        inc bl
        jmp again
        times 510 - ($ - $$) db 0
        dw 0xaa55
