; SPDX-License-Identifier: GPL-3.0-or-later
; XADD, CMPXCHG, CMPXCHG8B and XCHG: registers and memory, equal and unequal, with LOCK, and both operands the same.

%include "test.inc"

    test_begin
    mov     word [test_mask], ARITHMETIC
    mov     si, values
next:
    mov     ebx, [si]
    mov     ecx, [si + 4]
    mov     eax, ebx
    xadd    al, cl
    call    fold
    xadd    cx, bx
    call    fold
    xadd    eax, ecx
    call    fold
    xadd    bx, bx
    call    fold
    mov     [memory], ebx
    lock xadd [memory], ecx
    call    fold
    mov     eax, ebx
    cmpxchg bl, ch
    call    fold
    cmpxchg cx, bx
    call    fold
    mov     eax, [memory]
    lock cmpxchg [memory], ecx
    call    fold
    cmpxchg [memory + 1], bx
    call    fold
    cmpxchg ecx, ecx
    call    fold
    mov     edx, 0x11223344
    mov     [memory + 4], edx
    mov     eax, [memory]
    cmpxchg8b [memory]
    call    fold
    lock cmpxchg8b [memory]
    call    fold
    xchg    eax, edx
    call    fold
    xchg    [memory + 3], ecx
    xchg    bl, [memory + 7]
    xchg    ah, al
    xchg    eax, ebx
    call    fold
    show32  [si]
    show_sum
    newline
    add     si, 4
    cmp     si, values.end
    jne     next
    test_end

; Folds all registers and the memory.
fold:
    push    eax
    mix
    mov     eax, ebx
    mix
    mov     eax, ecx
    mix
    mov     eax, edx
    mix
    mov     eax, [memory]
    mix
    mov     eax, [memory + 4]
    mix
    pop     eax
    ret

memory:
    dd      0, 0
values:
    dd      0, 1, 0xffffffff, 0x80808080, 0x7f7f7f7f, 0x12345678
.end:
    dd      0xfedcba98
    boot_signature
