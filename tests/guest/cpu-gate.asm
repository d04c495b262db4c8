; SPDX-License-Identifier: GPL-3.0-or-later
; Interrupt and trap gates of 16 and 32 bits in protected mode: what they push and what happens to IF and TF; gates that are
; not present, of the wrong kind, with a bad selector: #NP and #GP with error codes, in which bit 1 says that the table is the
; interrupts'.

%include "test.inc"
%include "protected.inc"

    test_begin
    protected_faults
    mov     si, gates
    mov     di, IDT
    mov     cx, 4 * 4
    rep     movsw                   ; vectors 0 to 3
    mov     di, IDT + 15 * 8
    mov     cx, 2 * 4
    rep     movsw
    mov     al, 0xff
    out     0x21, al
    protected_begin
    sti
    mov     sp, 0x7000
    int     0
    show16  sp
    int     1
    try     int 2
    try     int 3                   ; CDh 03h
    try     int 15
    try     int 16
    newline
    test_end

through16:
    pushf
    pop     ax
    and     ax, 0x200
    show16  ax
    show16  sp
    iret
through32:
    pushf
    pop     ax
    and     ax, 0x200
    show16  ax
    show16  sp
    o32 iret

gates:
    gate_descriptor CODE_SELECTOR, through16, 0x87 ; trap
    gate_descriptor CODE_SELECTOR, through32, 0x8e ; interrupt
    gate_descriptor CODE_SELECTOR, through16, 0x07 ; not present
    gate_descriptor DATA_SELECTOR, through16, 0x86 ; not code
    gate_descriptor CODE_SELECTOR, through16, 0x84 ; a call gate
    gate_descriptor 0x48, through16, 0x86 ; beyond the table
    gdt_begin
    gdt_end
    boot_signature
