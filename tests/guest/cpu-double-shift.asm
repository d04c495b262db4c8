; SPDX-License-Identifier: GPL-3.0-or-later
; SHLD and SHRD of 16 and 32 bits, by CL and by an immediate, in registers and in memory. Counts above the size are undefined
; and left out; AF is undefined, OF but for a count of 1; a count of 0 leaves all flags.

%include "test.inc"

    test_begin
    mov     byte [test_mask], LOGIC & 0xff
    mov     cx, 32                  ; counts 32 (0 after the mask) down to 1
next_count:
    mov     byte [test_mask + 1], 8
    cmp     cl, 1
    je      with_overflow
    mov     byte [test_mask + 1], 0
with_overflow:
    mov     si, values
next:
    cmp     cl, 16
    ja      only_wide
    call    load
    shld    ax, dx, cl
    mix
    call    load
    shrd    ax, dx, cl
    mix
    call    load
    shld    [memory + 1], dx, cl
    mix
    mov     eax, [memory]
    mix
only_wide:
    call    load
    shld    eax, edx, cl
    mix
    call    load
    shrd    eax, edx, cl
    mix
    call    load
    shrd    [memory], edx, cl
    mix
    mov     eax, [memory]
    mix
    add     si, 4
    cmp     si, values.end
    jne     next
    show8   cl
    show_sum
    newline
    dec     cx
    jnz     next_count

    mov     byte [test_mask + 1], 0
    call    load
    shld    eax, edx, 7
    mix
    shrd    ax, dx, 13
    mix
    shld    [memory], edx, 36
    mix
    shrd    [memory], ax, 5
    mix
    xor     eax, [memory]
    mix
    show_sum
    mov     ax, ARITHMETIC
    push    ax
    popf
    shld    ax, dx, 0
    shrd    eax, edx, 32
    show_flags ARITHMETIC
    newline
    test_end

load:
    mov     eax, [si]
    mov     edx, [si + 4]
    mov     [memory], eax
    stc
    ret

memory:
    dd      0
values:
    dd      0x12345678, 0x87654321, 0x80008000, 0xffffffff, 0x7fff7fff, 0
.end:
    dd      0xc0000003
    boot_signature
