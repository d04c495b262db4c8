; SPDX-License-Identifier: GPL-3.0-or-later
; INT 10h, AH = 0Eh: characters and control characters at the cursor, the wrap at the right edge, scrolling behind the last
; row, and colours that stay; read back from the screen's memory, the BIOS data area and the CRTC.

%include "test.inc"
%include "bios.inc"

    test_begin
    mov     ax, 0x0003
    int     0x10
    push    0xb800
    pop     ds
    mov     byte [3], 0x1f          ; white on blue
    mov     si, text
    call    print                   ; keeps all registers
    words   0, 12
    words   160, 4
    call    place
    mov     bx, 79                  ; to the right edge and over it
    mov     cx, 5
.edge:
    mov     ah, 0x02
    mov     dx, 0x1100
    mov     dl, bl
    mov     bh, 0
    int     0x10
    mov     al, 'e'
    mov     ah, 0x0e
    int     0x10
    call    place
    inc     bx
    loop    .edge
    mov     byte [24 * 160 + 1], 0x4e
    mov     byte [24 * 160 + 79 * 2 + 1], 0x2a
    mov     ah, 0x02
    mov     dx, 0x184e              ; the last two cells
    int     0x10
    mov     si, last
    call    print
    call    place
    words   23 * 160, 2
    words   23 * 160 + 77 * 2, 3
    words   24 * 160, 3
    words   0, 4
    mov     ah, 0x02
    mov     dx, 0x1903              ; below the screen
    int     0x10
    mov     ax, 0x0e0d
    int     0x10
    call    place
    words   23 * 160, 2
    push    0
    pop     ds
    test_end

print:
    pusha
.next:
    cs lodsb
    test    al, al
    jz      .end
    mov     ah, 0x0e
    mov     bx, 0x0707
    int     0x10
    jmp     .next
.end:
    popa
    ret

place:
    pusha
    push    ds
    push    0x40
    pop     ds
    show16  [0x50]
    mov     dx, 0x3d4
    mov     al, 0x0e
    out     dx, al
    inc     dx
    in      al, dx
    show8   al
    dec     dx
    mov     al, 0x0f
    out     dx, al
    inc     dx
    in      al, dx
    show8   al
    newline
    pop     ds
    popa
    ret

text:
    db      "ABC", 8, 8, "b", 7, 13, "a", 10, "x", 1, 0x80, 8, 0
last:
    db      "yz!", 10, "n", 0

    words_routine
    boot_signature
