; SPDX-License-Identifier: GPL-3.0-or-later
; INT 13h for an image as a floppy: drive 00h, of 2.88 MB, whose sectors behind the image's end have nothing but zeros; its
; parameters, errors, and what only disks can do.
; drive: floppy

%include "test.inc"
%include "bios.inc"

BUFFER  equ 0x8000

    mov     [drive], dl
    test_begin
    show8   [drive]
    int     0x11
    and     ax, 0x00c1              ; one floppy drive
    show16  ax
    show8   [0x475]
    newline
    mov     si, cases
.next:
    push    si
    lodsw
    mov     dx, ax
    lodsw
    mov     cx, ax
    lodsw
    mov     bx, BUFFER
    bios    0x13
    words   BUFFER + 0x1fc, 4
    pop     si
    add     si, 6
    cmp     si, cases.end
    jb      .next
    mov     dx, 0
    mov     ah, 0x08
    mov     bx, 0x5555
    bios    0x13
    push    es
    pop     ds
    words   di, 5
    push    0
    pop     ds
    lds     si, [0x1e * 4]
    words   si, 5
    push    0
    pop     ds
    mov     si, functions
.function:
    lodsw
    mov     dx, 0x0000
    bios    0x13
    cmp     si, functions.end
    jb      .function
    show8   [0x441]
    newline
    test_end

drive:
    db      0
cases:                              ; DX, CX, AX
    dw      0x0000, 0x0001, 0x0201
    dw      0x0000, 0x0001, 0x0202
    dw      0x0100, 0x4f24, 0x0201
    dw      0x0000, 0x5001, 0x0201
    dw      0x0200, 0x0001, 0x0201
    dw      0x0000, 0x0025, 0x0201
    dw      0x0000, 0x0001, 0x0400
    dw      0x0001, 0x0001, 0x0201
    dw      0x0080, 0x0001, 0x0201
.end:
functions:
    dw      0x0000, 0x0100, 0x1500, 0x1600, 0x0900, 0x1000, 0x4100, 0x4200, 0x7f00, 0x0100
.end:
    bios_routines
    words_routine
    boot_signature
