; SPDX-License-Identifier: GPL-3.0-or-later
; INT 15h, AH = 88h, C0h, C1h, E8h, and functions that are not there. Of the memory map, the areas of the first MiB: what is
; above is QEMU's own matter.

%include "test.inc"
%include "bios.inc"

ENTRY   equ 0x9000

    test_begin
    mov     bx, 0x1234
    mov     cx, 0x5678
    mov     dx, 0x9abc
    mov     ah, 0x88
    bios    0x15
    mov     ax, 0xe801
    bios    0x15
    mov     ebx, 0
.next:
    mov     di, ENTRY
    mov     eax, 0xab00e820
    mov     edx, 0x534d4150
    mov     ecx, 0xcd000018
    int     0x15
    show32  eax
    show32  ecx
    show32  edx
    words   ENTRY, 10
    cmp     word [ENTRY + 2], 0x000f
    jne     .next
    mov     ax, 0xe820
    mov     ebx, 0
    mov     edx, 0
    bios    0x15
    mov     ax, 0xe820
    mov     edx, 0x534d4150
    mov     ebx, 77
    bios    0x15
    mov     si, functions
.function:
    lodsw
    bios    0x15
    cmp     si, functions.end
    jb      .function
    mov     ah, 0xc0
    int     0x15
    show16  ax
    show16  es
    push    es
    pop     ds
    words   bx, 5
    push    0
    pop     ds
    mov     bx, 0
    mov     ax, 0xc177
    int     0x15
    show16  es
    mov     al, [es:0]              ; its KiB
    show8   al
    bios    0x15
    test_end

functions:
    dw      0xe802, 0x4f77, 0x5277, 0x7777, 0x9077, 0x9177, 0x8302
.end:
    bios_routines
    words_routine
    boot_signature
