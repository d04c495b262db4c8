; SPDX-License-Identifier: GPL-3.0-or-later
; INT 13h, AH = 42h, 44h to 49h, 4Eh: sectors by number, in part and in whole, and the parameters of the disk.

%include "test.inc"
%include "bios.inc"

PACKET  equ 0x9000
BUFFER  equ 0x9100

    test_begin
    mov     di, cases
.next:
    mov     word [PACKET], 0x0010
    mov     word [PACKET + 4], 0x0f00       ; 0820:0F00 is 9100h
    mov     word [PACKET + 6], 0x0820
    mov     eax, [di]
    mov     [PACKET + 2], al
    mov     byte [PACKET + 3], 0
    shr     eax, 8
    mov     [PACKET + 8], eax
    mov     eax, [di + 4]
    mov     [PACKET + 12], eax
    mov     ax, [di + 8]
    mov     si, PACKET
    mov     dx, 0x0080
    bios    0x13
    words   PACKET, 8
    add     di, 10
    cmp     di, cases.end
    jb      .next
    words   BUFFER + 508, 2
    mov     bx, 0x55aa
    mov     di, functions
.function:
    mov     ax, [di]
    mov     si, PACKET
    mov     dx, 0x0080
    bios    0x13
    inc     di
    inc     di
    cmp     di, functions.end
    jb      .function
    mov     word [si], 0x1a
    mov     ah, 0x48
    bios    0x13
    words   PACKET, 13
    mov     word [PACKET], 0x19
    mov     si, PACKET
    mov     ah, 0x48
    bios    0x13
    test_end

cases:
    dd      0x00000001, 0
    dw      0x4200
    dd      0x00000002, 0
    dw      0x4200
    dd      0x00000101, 0
    dw      0x4200
    dd      0x00000001, 1
    dw      0x4200
    dd      0x00000000, 0
    dw      0x4200
    dd      0x00000001, 0
    dw      0x4400
    dd      0x00000201, 0
    dw      0x4400
    dd      0x00000001, 0
    dw      0x4700
.end:
functions:
    dw      0x4500, 0x4600, 0x4900, 0x4e01, 0x4e02, 0x4e06, 0x4eff
.end:
    bios_routines
    words_routine
    boot_signature
