; SPDX-License-Identifier: GPL-3.0-or-later
; RET n and RETF n with a number of 8000h and more, on a 32-bit stack: it has no sign. And RETF to a code segment of privilege 0
; by a selector that asks for 3 is #GP.
; judge: datasheet. QEMU takes the number for a signed one (Intel SDM volume 2, RET: a count of bytes)
; qemu:  ffffa000 ffffc008 00006ff8
; right:  0000a000 0000c008 00006ff8
; lab: the laboratory's processor is QEMU's

%include "test.inc"
%include "protected.inc"

CODE32  equ 0x18
STACK32 equ 0x20

    test_begin
    mov     word [IDT + 13 * 8], fault
    mov     word [IDT + 13 * 8 + 2], CODE32
    mov     dword [IDT + 13 * 8 + 4], 0x8e00
    lidt    [idt]
    protected_begin
    jmp     CODE32:code32
    bits    32
code32:
    mov     eax, STACK32
    mov     ss, eax
    mov     esp, 0x2000
    push    dword near_back
    ret     0x8000
near_back:
    mov     edx, esp
    mov     esp, 0x4000
    push    dword CODE32
    push    dword far_back
    retf    0x8008
far_back:
    mov     ecx, esp
    mov     esp, 0x7000
    push    dword CODE32 | 3
    push    dword code32
    mov     ebx, esp
    mov     ebp, behind
    retf
behind:
    show32  edx
    show32  ecx
    show32  ebx
    newline
    test_end

fault:
    pop     eax
    mov     [esp], ebp
    iret

idt:
    dw      14 * 8 - 1
    dd      IDT
    gdt_begin
    segment_descriptor 0, 0xffff, CODE, FLAG_32
    segment_descriptor 0, 0xfffff, DATA, FLAG_32 | FLAG_4K
    gdt_end
    boot_signature 32
