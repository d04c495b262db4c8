; SPDX-License-Identifier: GPL-3.0-or-later
; Call gates to code of the same privilege: CALL pushes what the gate's size says, whatever the size of the instruction; the
; offset in the instruction is ignored; JMP pushes nothing. A gate that is not present is #NP, one whose target is no code or another
; gate #GP, with the target's selector, and so is a gate of less privilege than the selector asks for, with the gate's.

%include "test.inc"
%include "protected.inc"

    test_begin
    protected_faults
    protected_begin
    mov     sp, 0x7000
    call    0x18:0x1234
    call    0x20:0x1234
    call    dword 0x18:0x12345678
    jmp     0x28:0
jumped:
    show16  sp
    newline
    try     call 0x30:0             ; not present
    try     call 0x38:0             ; to data
    try     jmp 0x40:0              ; to another gate
    try     call 0x1b:0
    try     jmp 0x48:0              ; to code that is not there
    newline
    test_end

by16:
    show16  sp
    retf
by32:
    show16  sp
    o32 retf

    gdt_begin
    gate_descriptor CODE_SELECTOR, by16, 0x84 ; 18h
    gate_descriptor CODE_SELECTOR, by32, 0x8c ; 20h
    gate_descriptor CODE_SELECTOR, jumped, 0x84 ; 28h
    gate_descriptor CODE_SELECTOR, by16, 0x04 ; 30h
    gate_descriptor DATA_SELECTOR, by16, 0x84 ; 38h
    gate_descriptor 0x18, by16, 0x84 ; 40h
    gate_descriptor 0x50, by16, 0x84 ; 48h
    gdt_end
    boot_signature
