; SPDX-License-Identifier: GPL-3.0-or-later
; A double fault in protected mode: the gate of #GP is not present, so #NP comes in its place, which makes #DF with the error
; code 0. A fault in the delivery of what is no contributory exception (#UD, an interrupt) is delivered itself, with bit 0
; (external) in its error code, but for INT n.
; judge: datasheet. QEMU does not set the external bit for the delivery of an exception (Intel SDM volume 3, 6.13)
; qemu: # 0b 0032 fe# 0b 0032 fe# 08 0000 fe# 08 0000 fe 1000# 08 0000 fe# 08 0000 fe
; right: # 0b 0033 fe# 0b 0032 fe# 08 0000 fe# 08 0000 fe 1000# 08 0000 fe# 08 0000 fe
; lab: the laboratory's processor is QEMU's

%include "test.inc"
%include "protected.inc"

    test_begin
    protected_faults
    protected_begin
    mov     byte [IDT + 6 * 8 + 5], 6 ; not present
    try     ud2
    try     int 6
    mov     byte [IDT + 0 * 8 + 5], 6
    xor     bx, bx
    mov     ax, 1
    try     div bl                  ; contributory with #NP: #DF
    mov     byte [IDT + 13 * 8 + 5], 6
    mov     ax, 0x1000
    try     mov ds, ax
    show16  ax
    mov     byte [IDT + 11 * 8 + 5], 6
    try     mov ds, ax
    try     ud2                     ; #NP with its own gate not present: #DF
    newline
    test_end

    gdt_begin
    gdt_end
    boot_signature
