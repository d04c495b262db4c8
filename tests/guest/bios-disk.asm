; SPDX-License-Identifier: GPL-3.0-or-later
; INT 13h, AH = 00h to 02h, 04h, 08h, 15h, 41h: a hard disk of one sector, and what is read from it.

%include "test.inc"
%include "bios.inc"

BUFFER  equ 0x8000

    test_begin
    mov     dx, 0x0080
    mov     bx, 0x1234
    mov     cx, 0x5678
    mov     ax, 0x0077
    bios    0x13
    mov     ah, 0x01
    bios    0x13
    mov     di, 0x9abc
    mov     ah, 0x08
    bios    0x13
    show16  di
    show16  es
    newline
    mov     dx, 0x0080
    mov     ax, 0x1577
    bios    0x13
    mov     dx, 0x0080
    mov     bx, 0x55aa
    mov     ax, 0x4177
    bios    0x13
    mov     bx, BUFFER
    mov     dx, 0x0080
    mov     cx, 0x0001
    mov     ax, 0x0201
    bios    0x13
    mov     si, 0x7c00
    mov     di, BUFFER
    mov     cx, (end_of_code - $$) / 2
    repe cmpsw                      ; what has not been written to since
    show16  cx
    words   BUFFER + 506, 4
    mov     ax, 0x07ff              ; a buffer across the end of a segment
    mov     es, ax
    mov     bx, 0xffff
    mov     cx, 0x0001
    mov     ax, 0x0201
    bios    0x13
    mov     ax, 0x17ff
    mov     ds, ax
    words   0x1ff - 6, 4
    push    0
    pop     ds
    mov     cx, 0x0001
    mov     ax, 0x0404
    bios    0x13
    mov     ah, 0x01
    bios    0x13
    mov     ah, 0x10
    bios    0x13
    mov     ah, 0x11
    bios    0x13
    show16  [0x474]                 ; the last status and the number of disks
    newline
    test_end

    bios_routines
    words_routine
end_of_code:
    boot_signature
