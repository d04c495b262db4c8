; SPDX-License-Identifier: GPL-3.0-or-later
; Real mode with the limits of protected mode ("unreal"): a segment of 4 GiB keeps its limit when it is loaded in real mode, and
; reaches memory above 1 MiB, all of it where A20 is on.
; ram: 2

%include "test.inc"
%include "protected.inc"

    test_begin
    in      al, 0x92
    or      al, 2
    out     0x92, al
    lgdt    [gdt]
    mov     eax, cr0
    inc     ax
    mov     cr0, eax
    mov     bx, 0x18
    mov     ds, bx
    mov     es, bx
    dec     ax
    mov     cr0, eax
    xor     ax, ax
    mov     ds, ax
    mov     es, ax
    mov     esi, 0x123456
    mov     dword [esi], 0x89abcdef
    mov     ebx, [esi + 1]
    show32  ebx
    mov     ax, 0x1000
    mov     es, ax
    mov     ebx, [es:esi - 0x10000]
    show32  ebx
    mov     edi, 0x180000
    mov     ecx, 0x4000
    mov     eax, 0x01010101
    mov     es, cx
    xor     cx, cx
    mov     es, cx
    mov     ecx, 0x4000
    a32 rep stosd
    show32  edi
    mov     ecx, 0x10000
    mov     edi, 0x180000
    a32 repe scasb
    show32  ecx
    show8   [edi - 1]
    mov     word [dword 0xfffff], 0x1234 ; unaligned, over 1 MiB; the lower byte is in the ROM
    show8   [dword 0x100000]
    newline
    test_end

    gdt_begin
    segment_descriptor 0, 0xfffff, DATA, FLAG_4K
    gdt_end
    boot_signature
