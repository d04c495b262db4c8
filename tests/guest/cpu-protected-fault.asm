; SPDX-License-Identifier: GPL-3.0-or-later
; Exceptions in protected mode through 16-bit gates: with and without error codes, what null selectors end in, far transfers to
; what is no code, software interrupts beyond the table.
; judge: datasheet. QEMU does not check for null selectors when memory is accessed (Intel SDM volume 3, 5.4.1)
; qemu:  0003
; right: # 0d 0000 fd# 0d 0000 ff 0003
; lab: the laboratory's processor is QEMU's

%include "test.inc"
%include "protected.inc"

    test_begin
    protected_faults
    protected_begin
    mov     ax, 1
    mov     bl, 0
    try     div bl
    try     int3
    try     int 5
    try     ud2
    try     int 17                  ; beyond the table
    newline
    xor     ax, ax
    mov     es, ax
    mov     di, 0x1000
    try     mov [es:di], al
    try     stosb
    mov     ax, 3
    mov     es, ax
    mov     ax, es
    show16  ax
    newline
    try     jmp 0:0
    try     jmp 0x10:0
    try     call 0x18:0
    try     jmp 0x20:0
    push    word 0x28
    push    ax
    try     retf
    add     sp, 4
    newline
    test_end

    gdt_begin
    segment_descriptor 0x4000, 0xffff, CODE & 0x7f ; 18h: not present
    segment_descriptor 0x4000, 0xffff, CODE | 0x60 ; 20h: privilege 3
    gdt_end
    boot_signature
