; SPDX-License-Identifier: GPL-3.0-or-later
; INT 10h, AH = 01h to 03h, 05h: the cursor's shape and place, on eight pages and on ones that are not there; the pages; and
; what the CRTC's registers 0Ah to 0Fh have after each.

%include "test.inc"
%include "bios.inc"

    test_begin
    mov     ax, 0x0003
    bios    0x10
    call    crtc
    mov     si, shapes
.shape:
    mov     cx, [si]
    mov     ah, 0x01
    int     0x10
    mov     ah, 0x03
    mov     bh, 0
    bios    0x10
    call    crtc
    inc     si
    inc     si
    cmp     si, shapes.end
    jb      .shape

    mov     cx, 9
    mov     dx, 0x0102
.page:
    mov     bh, cl
    mov     ah, 0x02
    int     0x10
    add     dx, 0x0103
    loop    .page
    call    crtc
    mov     dx, 0xffff
    mov     bh, 0
    mov     ah, 0x02
    int     0x10
    mov     bx, 0x0700
    mov     ah, 0x03
    bios    0x10
    mov     bx, 0x0900
    mov     ah, 0x03
    bios    0x10
    call    crtc
    mov     ax, 0x0503
    bios    0x10
    call    crtc
    mov     ax, 0x0e42              ; goes to page 3
    int     0x10
    mov     bx, 0x0300
    mov     ah, 0x03
    bios    0x10
    mov     ah, 0x08
    bios    0x10
    push    0xb800
    pop     ds
    show16  [0x3000 + 6 * 160 + 20 * 2]
    newline
    push    0
    pop     ds
    call    crtc
    mov     ax, 0x0508              ; is not there
    int     0x10
    mov     ah, 0x0f
    bios    0x10
    words   0x44c, 12
    mov     ax, 0x0500
    int     0x10
    call    crtc
    mov     ah, 0x04
    bios    0x10
    test_end

; Changes AX, CX, DX.
crtc:
    mov     cx, 0x0a
.next:
    mov     dx, 0x3d4
    mov     al, cl
    out     dx, al
    inc     dx
    in      al, dx
    show8   al
    inc     cx
    cmp     cl, 0x10
    jb      .next
    newline
    ret

shapes:
    dw      0x0607, 0x0007, 0x0407, 0x0d0e, 0x000f, 0x2000, 0x2607, 0x0706, 0x1f00, 0x0800, 0x0008, 0xff07
.end:
    bios_routines
    words_routine
    boot_signature
