; SPDX-License-Identifier: GPL-3.0-or-later
; A 32-bit code segment: 66h and 67h the other way round, LOOP and JECXZ by ECX and CX, string instructions by ESI, EDI and ECX,
; jumps of 32 bits, 16-bit addressing, and [EBP+d8] by SS where SS is another segment than DS.
; digest

%include "test.inc"
%include "protected.inc"

CODE32  equ 0x18
STACK32 equ 0x20

    test_begin
    protected_begin
    jmp     CODE32:code32
    bits 32
code32:
    mov     eax, STACK32
    mov     ss, eax
    mov     esp, 0x7000
    mov     ecx, 0x10002
    xor     edx, edx
again:
    inc     edx
    a16 loop again
    loop    again2
again2:
    jecxz   far_away
    jcxz    next
next:
    show32  ecx
    show32  edx
    jmp     near far_away
    ud2
far_away:
    mov     esi, code32
    mov     edi, 0x6000
    mov     ecx, 2
    rep     movsd
    movsw
    movsb
    a16 movsb
    show32  [0x6004]
    show32  edi
    show32  esi
    newline
    mov     ax, 0x28                ; base 1000h
    mov     ss, eax
    mov     ebp, 0x6000
    mov     ebx, 0xffff0100
    mov     eax, 0x11111111
    mov     [0x6004], eax
    mov     [0x7004], ebx
    mov     ecx, [ebp + 4]
    mov     edx, [dword ebp + 4]
    mov     esi, [ebp * 4 - 0x12000 + 4]
    add     [ebp + 4], eax
    mov     edi, [esp]
    mov     bp, [bx + 0x5f04]
    mov     eax, STACK32
    mov     ss, eax
    show32  ecx
    show32  edx
    show32  esi
    show32  ebp
    show32  [0x6004]
    show32  [0x7004]
    newline
    test_end

    gdt_begin
    segment_descriptor 0, 0xffff, CODE, FLAG_32
    segment_descriptor 0, 0xffff, DATA, FLAG_32
    segment_descriptor 0x1000, 0xffff, DATA, FLAG_32 ; 28h
    gdt_end
    boot_signature 32
