; SPDX-License-Identifier: GPL-3.0-or-later
; INT 16h: keys pushed into the buffer and read by old and by new programs, the buffer's end, its fullness, and the words at
; 40:1Ah on; interrupts may be off.

%include "test.inc"
%include "bios.inc"

    test_begin
    mov     ah, 0x01
    bios    0x16
    mov     ah, 0x11
    bios    0x16
    mov     si, codes
.next:
    lodsw
    mov     cx, ax
    mov     ax, 0x0577
    bios    0x16
    mov     ah, 0x01
    bios    0x16
    mov     ah, 0x11
    bios    0x16
    mov     ah, 0x00
    test    si, 2
    jz      .old
    mov     ah, 0x10
.old:
    bios    0x16
    cmp     si, codes.end
    jb      .next
    show16  [0x41a]
    show16  [0x41c]
    newline
    mov     cx, 17
.fill:
    mov     ah, 0x05
    int     0x16
    show8   al
    loop    .fill
    newline
    words   0x41a, 18
    mov     ah, 0x00
    bios    0x16
    show16  [0x41a]
    show16  [0x41c]
    newline
    mov     word [0x41a], 0x1e      ; empty
    mov     word [0x41c], 0x1e
    mov     ah, 0x01
    bios    0x16
    mov     byte [0x417], 0x5b
    mov     byte [0x418], 0xa5
    mov     byte [0x496], 0x18
    mov     ax, 0x0277
    bios    0x16
    mov     ax, 0x1277
    bios    0x16
    mov     byte [0x417], 0
    mov     ax, 0x0977
    bios    0x16
    mov     ax, 0x9277
    bios    0x16
    mov     ax, 0x7777
    bios    0x16
    test_end

codes:
    dw      0x1e61, 0x48e0, 0x01f0, 0xe00d, 0xe02f, 0xe00a, 0xe077, 0x00e0, 0x00f0, 0x8500, 0x0000, 0xffff, 0x0300
.end:
    bios_routines
    words_routine
    boot_signature
