; SPDX-License-Identifier: GPL-3.0-or-later
; The segment of a 32-bit address: SS when the base is EBP or ESP, with any displacement, DS for others and for EBP as an
; index. DS, SS, ES, FS and GS hold different bytes at the same offset.

%include "test.inc"

    test_begin
    mov     cx, 5
    mov     ax, 0x1000
    mov     bx, 0x200
fill:
    mov     es, ax
    mov     [es:bx], ah
    add     ax, 0x1000
    loop    fill
    mov     ax, 0x3000
    mov     fs, ax
    mov     ax, 0x4000
    mov     gs, ax
    mov     ax, 0x1000
    mov     ds, ax
    mov     ax, 0x2000
    mov     ss, ax

    mov     ebp, 0x1f0
    mov     edi, 0x200
    xor     ecx, ecx
    mov     esp, 0x200
    xor     bx, bx
%assign step 0
%macro from 1+
    mov     al, %1
    mov     [cs:seen + step], al
%assign step step + 1
%endmacro
    from    [edi]
    from    [ebp + 0x10]
    from    [dword ebp + 0x10]
    from    [ebp + ecx + 0x10]
    from    [ecx + ebp * 1 + 0x10]
    from    [esp]
    from    [esp + ecx * 4]
    from    [ebp * 4 - 0x5c0]
    from    [nosplit edi * 1]
    from    [ds:ebp + 0x10]
    from    [ss:edi]
    from    [es:ebp + 0x10]
    from    [fs:esp]
    from    [gs:0x200]
    from    [dword 0x200]
    mov     al, 0x11
    add     [ebp + 0x10], al        ; read and write
    mov     [ebp + 0x11], al
    xor     ax, ax
    mov     ds, ax
    mov     ax, 0x2000
    mov     es, ax
    xor     ax, ax
    mov     ss, ax
    mov     sp, 0x7c00
    mov     si, seen
    mov     cx, step
show:
    lodsb
    show8   al
    loop    show
    show16  [es:0x200]
    newline
    test_end

seen:
    times step db 0
    boot_signature
