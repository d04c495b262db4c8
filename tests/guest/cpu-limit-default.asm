; SPDX-License-Identifier: GPL-3.0-or-later
; Limits and types of the segments that instructions use by themselves, in protected mode: DS for data, ES for strings, SS for
; the stack and for BP.
; judge: datasheet. QEMU checks neither limits nor types (Intel SDM volume 3, 5.3 and 5.5)
; qemu:  1001 1002
; right: # 0d 0000 fe# 0d 0000 fe# 0d 0000 fd# 0d 0000 fd 0ffd# 0d 0000 ff 1002
; lab: the laboratory's processor is QEMU's

%include "test.inc"
%include "protected.inc"

    test_begin
    protected_faults
    protected_begin
    mov     bx, 0x28                ; read-only, up to FFFh
    mov     cx, ds
    mov     bp, 0x1000
    mov     si, 0xffd
    mov     word [test_resume], first
    mov     ds, bx
    lodsd                           ; over the limit
first:
    mov     ds, cx
    mov     word [test_resume], second
    mov     ds, bx
    add     [si], al                ; read-only
second:
    mov     ds, cx
    mov     bl, 0x20                ; from 1000h
    mov     word [test_resume], third
    mov     ds, bx
    mov     [0xfff], al
third:
    mov     ds, cx
    mov     word [test_resume], fourth
    mov     ds, bx
    mov     [0x1000], al            ; fine
    mov     ax, [0x1000]
    mov     ax, [0xffff]
fourth:
    mov     ds, cx
    show16  si
    mov     es, bx
    mov     di, 0x0ffe
    try     stosw
    mov     di, 0x1000
    try     stosw
    show16  di
    newline
    test_end

    gdt_begin
    segment_descriptor 0x2000, 0x0fff, DATA ; 18h
    segment_descriptor 0x2000, 0x0fff, DATA_DOWN ; 20h
    segment_descriptor 0x2000, 0x0fff, DATA_READ_ONLY ; 28h
    gdt_end
    boot_signature
