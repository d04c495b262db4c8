; SPDX-License-Identifier: GPL-3.0-or-later
; Says markup and control characters, on its screen once and on its serial port with every tick of the timer.
        bits 16
        org 7C00h

start:  xor     ax, ax
        mov     ds, ax
        mov     si, text
screen: lodsb
        test    al, al
        jz      tick
        mov     ah, 0Eh
        xor     bx, bx
        int     10h
        jmp     screen
tick:   sti
        hlt
        mov     si, text
serial: lodsb
        test    al, al
        jz      tick
        mov     ah, 1
        xor     dx, dx
        int     14h
        jmp     serial

text:   db      '<img src=x onerror="document.title=1"><script>document.title=2</script>', 1Bh, '[31m', 0FFh, 13, 10, 0

        times 510 - ($ - $$) db 0
        dw      0AA55h
