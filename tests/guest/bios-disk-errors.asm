; SPDX-License-Identifier: GPL-3.0-or-later
; INT 13h where it fails: counts and addresses that no disk has, sectors behind its end, drives and functions that are not there;
; and the status that is kept.

%include "test.inc"
%include "bios.inc"

    test_begin
    mov     bx, 0x8000
    mov     si, cases
.next:
    lodsw
    mov     dx, ax
    lodsw
    mov     cx, ax
    lodsw
    bios    0x13
    cmp     si, cases.end
    jb      .next
    words   0x8000 + 508, 2         ; the sector before the one that failed
    mov     ax, 0x01ff
    mov     dx, 0x0080
    bios    0x13
    show8   [0x474]
    mov     dx, 0x0000              ; a floppy that is not there has a status of its own
    mov     ah, 0x01
    bios    0x13
    show8   [0x441]
    newline
    test_end

cases:                              ; DX, CX, AX
    dw      0x0080, 0x0001, 0x0200
    dw      0x0080, 0x0001, 0x0281
    dw      0x0080, 0x0000, 0x0201
    dw      0x0080, 0x0040, 0x0201
    dw      0x0080, 0x0201, 0x0201
    dw      0x0080, 0xffc1, 0x0201
    dw      0x1080, 0x0001, 0x0201
    dw      0xff80, 0x0001, 0x0401
    dw      0x0080, 0x0002, 0x0201
    dw      0x0f80, 0x003f, 0x0201
    dw      0x0080, 0x0101, 0x0203
    dw      0x0081, 0x0001, 0x0201
    dw      0x0000, 0x0001, 0x0201
    dw      0x00ff, 0x0001, 0x0000
    dw      0x0081, 0x0001, 0x0800
    dw      0x0000, 0x0001, 0x1500
    dw      0x0080, 0x0001, 0x0600
    dw      0x0080, 0x0001, 0x1600
    dw      0x0080, 0x0001, 0x2000
    dw      0x0080, 0x0001, 0x4a00
    dw      0x0080, 0x0001, 0xff00
    dw      0x0000, 0x0001, 0x4100
    dw      0x0080, 0x0001, 0x0202
.end:
    bios_routines
    words_routine
    boot_signature
