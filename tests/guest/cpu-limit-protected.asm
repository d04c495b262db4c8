; SPDX-License-Identifier: GPL-3.0-or-later
; Limits of segments in protected mode, with an override: beyond the limit, of a segment that grows up and one that grows down.
; judge: datasheet. QEMU does not check limits (Intel SDM volume 3, 5.3)
; qemu:
; right: # 0d 0000 fc# 0d 0000 fc# 0d 0000 fe
; qemu:
; right: # 0d 0000 fc# 0d 0000 fc# 0d 0000 ff
; lab: the laboratory's processor is QEMU's

%include "test.inc"
%include "protected.inc"

    test_begin
    protected_faults
    protected_begin
    mov     bx, 0x18                ; up to FFFh
    mov     es, bx
    try     mov [es:0xfff], al
    try     mov [es:0x1000], al
    try     mov [es:0xffe], ax
    try     mov ax, [es:0xfff]
    mov     di, 0xffe
    try     stosd
    newline
    mov     bl, 0x20                ; from 1000h
    mov     es, bx
    try     mov [es:0xfff], al
    try     mov al, [es:0x1000]
    try     mov [es:0xfffe], ax
    try     mov ax, [es:0xffff]
    try     stosw
    newline
    test_end

    gdt_begin
    segment_descriptor 0x2000, 0x0fff, DATA ; 18h
    segment_descriptor 0x2000, 0x0fff, DATA_DOWN ; 20h
    segment_descriptor 0x2000, 0x0fff, DATA_READ_ONLY ; 28h
    gdt_end
    boot_signature
