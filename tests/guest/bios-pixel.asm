; SPDX-License-Identifier: GPL-3.0-or-later
; INT 10h, AH = 0Ch and 0Dh in mode 13h, against the memory at A0000h.

%include "test.inc"
%include "bios.inc"

    test_begin
    mov     ax, 0x0013
    int     0x10
    push    0xa000
    pop     es
    mov     si, pixels
.next:
    lodsw
    mov     cx, ax
    lodsw
    mov     dx, ax
    mov     ax, 0x0c85
    sub     ax, dx
    bios    0x10
    mov     ax, 0x0d00
    bios    0x10
    imul    di, dx, 320
    add     di, cx
    mov     al, [es:di]
    show8   al
    newline
    not     byte [es:di]
    mov     ah, 0x0d
    bios    0x10
    cmp     si, pixels.end
    jb      .next
    mov     ax, 0x0003
    int     0x10
    test_end

pixels:
    dw      0, 0, 7, 0, 319, 3, 8, 100, 160, 100, 319, 199
.end:
    bios_routines
    boot_signature
