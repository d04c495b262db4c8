; SPDX-License-Identifier: GPL-3.0-or-later
; IRQ1: the shift keys, left and right, and the locks, in the bytes 40:17h, 40:18h and 40:96h after each scan code; the pause
; key; E0h before shifts, which are none; the star of the keypad in all states; and a buffer that is full.

%include "test.inc"

    test_begin
    sti
    mov     si, codes
.next:
    lodsb
    call    send
    push    ax
    show8   al
    show8   [0x417]
    show8   [0x418]
    show8   [0x496]
    pop     ax
    newline
    cmp     si, codes.end
    jb      .next
    mov     bx, 0
.star:
    mov     [0x417], bl
    mov     al, 0x37
    call    send
    shl     bl, 1
    or      bl, 1
    cmp     bl, 0x0f
    jbe     .star
    mov     byte [0x417], 0
    mov     si, 0x41a
    mov     cx, 7
.shown:
    lodsw
    show16  ax
    loop    .shown
    newline
    mov     cx, 20
.fill:
    mov     al, cl
    inc     ax
    call    send
    loop    .fill
    show16  [0x41a]
    show16  [0x41c]
    newline
    mov     cx, 17
.empty:
    mov     ah, 0x11
    int     0x16
    jz      .none
    mov     ah, 0x10
    int     0x16
    show16  ax
    loop    .empty
.none:
    show8   cl
    newline
    test_end

send:
    push    ax
    mov     al, 0xd2
    out     0x64, al
    pop     ax
    out     0x60, al
    push    ax
.wait:
    in      al, 0x64
    test    al, 1
    jnz     .wait
    pop     ax
    ret

codes:
    db      0x2a, 0x36, 0xaa, 0xb6
    db      0x1d, 0xe0, 0x1d, 0x9d, 0xe0, 0x9d
    db      0x38, 0xe0, 0x38, 0xe0, 0xb8, 0xb8
    db      0x3a, 0xba, 0x3a, 0xba
    db      0x45, 0xc5, 0x45, 0xc5, 0x46, 0xc6, 0x46, 0xc6
    db      0xe1, 0x1d, 0x45, 0xe1, 0x9d, 0xc5
    db      0xe0, 0x2a, 0xe0, 0xaa
.end:
    boot_signature
