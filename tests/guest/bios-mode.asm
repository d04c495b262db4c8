; SPDX-License-Identifier: GPL-3.0-or-later
; INT 10h, AH = 00h, 0Fh: the text modes and the one of 256 colours, with and without clearing; what the BIOS data area says
; after each, what the memory has, and what AH = 12h, 1Ah say of the adapter.
; lab-qemu: with KVM, QEMU leaves the last word of the page as it was

%include "test.inc"
%include "bios.inc"

    test_begin
    mov     di, modes
.next:
    push    0xb800
    pop     es
    mov     word [es:0], 0x1234
    mov     word [es:0x7ffe], 0x5678
    push    0xa000
    pop     es
    mov     word [es:0x1000], 0x9abc
    mov     ah, 0x02                ; a cursor that the mode takes back
    mov     dx, 0x0305
    mov     bh, 0
    int     0x10
    mov     al, [di]
    mov     ah, 0
    bios    0x10
    mov     ah, 0x0f
    bios    0x10
    words   0x449, 14
    words   0x484, 3
    mov     al, [0x487]
    show8   al
    test    byte [di], 0x10
    jz      .text
    show16  [es:0x1000]
    jmp     .shown
.text:
    push    0xb800
    pop     es
    show16  [es:0]
    show16  [es:0x7ffe]
.shown:
    newline
    inc     di
    cmp     di, modes.end
    jb      .next
    mov     bx, 0xff10
    mov     ah, 0x12
    bios    0x10
    mov     ax, 0x1a00
    bios    0x10
    test_end

modes:
    db      0x03, 0x01, 0x00, 0x02, 0x82, 0x13, 0x93, 0x03
.end:
    bios_routines
    words_routine
    boot_signature
