; SPDX-License-Identifier: GPL-3.0-or-later
; The task register: LTR and STR, the busy bit, and what is #GP and #NP; both registers' instructions are #UD in real mode.
; judge: datasheet. QEMU loads a null task register (Intel SDM volume 2, LTR)
; qemu:  0000
; right: # 0d 0000 fd 0000
; lab: the laboratory's processor is QEMU's

%include "test.inc"
%include "protected.inc"

    test_begin
    protected_faults
    protected_begin
    mov     si, cases
next:
    lodsw
    try     ltr ax
    str     bx
    show16  bx
    newline
    cmp     si, cases.end
    jne     next
    mov     ebx, -1
    str     ebx
    show32  ebx
    show8   [gdt + 0x18 + 5]
    show8   [gdt + 0x28 + 5]
    newline
    test_end

cases:
    dw      0, 0x10, 0x20, 0x18, 0x18, 0x0c, 0x28, 0x30
.end:
    gdt_begin
    segment_descriptor 0x4000, 0x67, 0x89 ; 18h: a task state
    segment_descriptor 0x4000, 0x67, 0x09 ; 20h: not present
    segment_descriptor 0x4000, 0x2b, 0x81 ; 28h: of a 286
    gdt_end
    boot_signature
