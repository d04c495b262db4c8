; SPDX-License-Identifier: GPL-3.0-or-later
; Types of segments in protected mode: read-only data, code as data, null with an offset of 0.
; judge: datasheet. QEMU does not check types when memory is accessed (Intel SDM volume 3, 5.5 and 5.4.1)
; qemu:
; right: # 0d 0000 fc# 0d 0000 fb# 0d 0000 ff# 0d 0000 fd
; qemu:
; right: # 0d 0000 fc# 0d 0000 fb# 0d 0000 fc# 0d 0000 ff
; lab: the laboratory's processor is QEMU's

%include "test.inc"
%include "protected.inc"

    test_begin
    protected_faults
    protected_begin
    mov     bx, 0x28                ; read-only
    mov     es, bx
    try     mov al, [es:0]
    try     mov [es:0], al
    try     add [es:0], al
    xor     di, di
    try     stosb
    try     xchg [es:di], al
    newline
    mov     bx, cs
    mov     es, bx
    try     mov [cs:0x2000], al
    try     mov al, [es:0x2000]
    try     inc byte [es:0x2000]
    xor     ax, ax
    mov     es, ax
    try     mov al, [es:0]
    try     stosb
    newline
    test_end

    gdt_begin
    segment_descriptor 0x2000, 0x0fff, DATA ; 18h
    segment_descriptor 0x2000, 0x0fff, DATA_DOWN ; 20h
    segment_descriptor 0x2000, 0x0fff, DATA_READ_ONLY ; 28h
    gdt_end
    boot_signature
