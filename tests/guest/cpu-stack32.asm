; SPDX-License-Identifier: GPL-3.0-or-later
; A 32-bit code segment with a 32-bit stack: PUSH, POP, CALL, RET and INT of double words, with 66h of words, through a 32-bit
; and a 16-bit gate, ENTER and LEAVE.

%include "test.inc"
%include "protected.inc"

CODE32  equ 0x18
STACK32 equ 0x20

    test_begin
    mov     di, IDT
    mov     si, gates
    mov     cx, 8
    rep     movsw
    lidt    [idt]
    protected_begin
    jmp     CODE32:code32
    bits 32
code32:
    mov     eax, STACK32
    mov     ss, eax
    mov     esp, 0x7000
    push    eax
    push    byte -2
    o16 push byte -3
    call    next
next:
    o16 call near next16
next16:
    pop     dx                      ; 66h CALL pushes a word, and the target is cut to one
    show16  dx
    show32  esp
    pop     ecx
    sub     ecx, next
    show32  ecx
    pop     word [esp]
    pop     eax
    show32  eax
    pop     eax
    pusha
    popa
    mov     ebp, 0x5678
    enter   6, 2
    show32  esp
    show32  ebp
    leave
    o16 enter 2, 1
    show32  esp
    show32  ebp
    o16 leave
    show32  esp
    show32  ebp
    newline
    int     0
    int     1
    show32  esp
    push    dword 0x1234
    call    pops
    show32  esp
    newline
    test_end

pops:
    ret     4
handler32:
    show32  [esp + 4]
    mov     eax, [esp + 8]
    show32  eax
    iret
handler16:
    show16  [esp + 2]
    show16  [esp + 4]
    iretw

idt:
    dw      15
    dd      IDT
gates:
    gate_descriptor CODE32, handler32, 0x8e
    gate_descriptor CODE32, handler16, 0x87
    gdt_begin
    segment_descriptor 0, 0xffff, CODE, FLAG_32
    segment_descriptor 0, 0xffff, DATA, FLAG_32
    gdt_end
    boot_signature 32
