; SPDX-License-Identifier: GPL-3.0-or-later
; Protected mode with 16-bit segments and back: CR0 by LMSW and MOV, CS unchanged until the far jump, segments with other bases,
; which stay in real mode until they are loaded, SMSW, and the prefetched instruction after MOV CR0.
; digest

%include "test.inc"
%include "protected.inc"

    test_begin
    protected_begin
    smsw    ax
    and     al, 0x0f
    show8   al
    show16  cs
    mov     ax, 0x18
    mov     es, ax
    mov     fs, ax
    mov     dword [0x5678], 0x89abcdef
    show16  [fs:0x1678]
    mov     byte [es:0x1679], 0x55
    show32  [0x5678]
    push    cs
    call    far_here
    call    CODE_SELECTOR:far_here
    newline
    mov     ax, 0x18
    mov     gs, ax
    protected_end
    mov     eax, cr0
    and     al, 1
    show8   al
    show16  gs
    mov     eax, [gs:0x1678]        ; the base is that of the descriptor
    show32  eax
    mov     ax, gs
    mov     gs, ax                  ; now it is 180h
    mov     dword [0x1800], 0x600d600d
    show32  [gs:0x1800 - 0x180]
    newline

    lgdt    [gdt]
    cli
    mov     ax, 1
    lmsw    ax
    mov     ax, cs                  ; still 0, base 0
    show16  ax
    jmp     CODE_SELECTOR:again
again:
    show16  cs
    xor     ax, ax
    lmsw    ax                      ; cannot leave
    smsw    eax
    and     al, 1
    show8   al
    mov     eax, cr0
    and     al, 0xfe
    mov     cr0, eax
    jmp     0:real
real:
    show16  cs
    newline
    test_end

far_here:
    show16  cs
    retf

    gdt_begin
    segment_descriptor 0x4000, 0xffff, DATA ; 18h
    gdt_end
    boot_signature
