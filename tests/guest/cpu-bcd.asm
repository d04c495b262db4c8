; SPDX-License-Identifier: GPL-3.0-or-later
; DAA, DAS, AAA and AAS for each AL with AF and CF in all four ways: results and the defined flags.

%include "test.inc"

    test_begin
    mov     byte [test_mask + 1], 0
    mov     si, codes
next_code:
    mov     ax, [si]                ; opcode, mask
    mov     [code], al
    mov     [test_mask], ah
    mov     bx, 4
next_flags:
    mov     ah, [bx + flags - 1]
    mov     [start], ah
    mov     cx, 0x100
next_value:
    mov     ah, [start]
    sahf
    mov     ah, 0x7e
    mov     al, cl
code:
    daa
    movzx   eax, ax
    mix
    loop    next_value
    dec     bx
    jnz     next_flags
    show8   [si]
    show_sum
    newline
    inc     si
    inc     si
    cmp     si, codes.end
    jne     next_code
    test_end

start:
    db      0
flags:
    db      0x00, 0x01, 0x10, 0x11
codes:
    db      0x27, 0xd5, 0x2f, 0xd5, 0x37, 0x11, 0x3f, 0x11
.end:
    boot_signature
