; SPDX-License-Identifier: GPL-3.0-or-later
; ADD, OR, ADC, SBB, AND, SUB, XOR and CMP between registers, both ways, XCHG and TEST, on pairs of values with CF clear and set:
; a sum over all results and flags of each opcode. The opcode is written into the code (and so is a self-modification).

%include "test.inc"

    test_begin
    mov     bp, opcodes
next_opcode:
    mov     al, [ds:bp]
    cmp     bp, opcodes.logic
    jne     same_mask
    mov     byte [test_mask], LOGIC & 0xff
same_mask:
    cmp     bp, opcodes.end
    je      end
    mov     [op8], al
    inc     ax
    mov     [op16], al
    mov     [op32 + 1], al
    mov     si, values
first:
    mov     bx, values
second:
    mov     cx, 2
with_carry:
    call    load
op8:
    add     al, dl
    mix
    call    load
op16:
    add     ax, dx
    mix
    call    load
op32:
    add     eax, edx
    mix
    loop    with_carry
    add     bx, 4
    cmp     bx, values.end
    jne     second
    add     si, 4
    cmp     si, values.end
    jne     first
    show8   [ds:bp]
    show_sum
    newline
    inc     bp
    jmp     next_opcode

end:
    test_end

; Two values, and the flags: CF is bit 0 of CL, the others clear.
load:
    mov     ah, cl
    sahf
    mov     eax, [si]
    mov     edx, [bx]
    ret

opcodes:
    db      0x00, 0x02, 0x10, 0x12, 0x18, 0x1a, 0x28, 0x2a, 0x38, 0x3a, 0x86
.logic:                             ; AF is undefined after these
    db      0x08, 0x0a, 0x20, 0x22, 0x30, 0x32, 0x84
.end:
values:
    dd      0, 1, 0xffffffff, 0x80808080, 0x7f7f7f7f, 0x0f0f0f0f, 0x12345678, 0xfedcba98, 0x80000000, 0x00007fff
.end:
    boot_signature
