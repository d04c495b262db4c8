; SPDX-License-Identifier: GPL-3.0-or-later
; 15 bytes are an instruction, with more it is #GP, whatever makes it so long.

%include "test.inc"

    test_begin
    catch_faults
    mov     bx, word_here
%macro padded 2                     ; so many prefixes before so long an instruction
    mov     word [cs:test_resume], %%behind
    times %1 db 0x2e
    db      %2
%%behind:
%endmacro
    padded  14, 0x90
    padded  15, 0x90
    mov     word [test_resume], p1
    times 10 db 0x3e
    mov     word [bx], 0x1234       ; 4 bytes: 14
p1: mov     word [test_resume], p2
    times 11 db 0x3e
    mov     word [bx], 0x5678       ; 15
p2: show16  [bx]
    mov     word [test_resume], p3
    times 12 db 0x3e
    mov     word [bx], 0x9abc       ; 16
p3: show16  [bx]
    newline
    test_end

word_here:
    dw      0
    boot_signature
