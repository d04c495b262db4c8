; SPDX-License-Identifier: GPL-3.0-or-later
; LOOP, LOOPE, LOOPNE, JCXZ and JECXZ: CX or ECX by the address size, whatever the data size is; flags stay.

%include "test.inc"

%macro count 3+                     ; NAME, START, INSTRUCTION to the label %%again
    mov     ecx, %2
    xor     dx, dx
    mov     ax, 4
%%again:
    inc     dx
    cmp     ax, dx                  ; ZF in the fourth round
    %3      %%again
    show_flags 0x40
    call    print
%endmacro

    test_begin
    count   "loop", 0x10003, loop
    count   "loop32", 3, a32 loop
    count   "loope", 0x10005, loope
    count   "loopne", 0x10009, loopne
    count   "loopne32", 0x10002, a32 loopne
    mov     ecx, 0x10000
    xor     dx, dx
    jcxz    zero
    inc     dx
zero:
    jecxz   zero32
    or      dh, 1
zero32:
    call    print
    xor     ecx, ecx
    xor     dx, dx
    jecxz   zero32b
    inc     dx
zero32b:
    call    print
    mov     ecx, 0x10000            ; CX = 0: 65536 rounds
    xor     dx, dx
rounds:
    inc     dx
    loop    rounds
    call    print
    mov     ecx, 0x20001            ; by ECX and with an operand size prefix
    xor     edx, edx
rounds32:
    inc     edx
    db      0x66, 0x67, 0xe2, rounds32 - ($ + 1)
    show32  edx
    call    print
    mov     ecx, 0x10000
    xor     dx, dx
    db      0x66, 0xe3, 1           ; CX, although the data size is 32
    inc     dx
    db      0x66, 0x67, 0xe3, 1     ; ECX
    inc     dx
    call    print
    test_end

print:
    show16  dx
    show32  ecx
    newline
    ret
    boot_signature
