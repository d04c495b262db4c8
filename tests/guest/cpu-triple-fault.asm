; SPDX-License-Identifier: GPL-3.0-or-later
; A triple fault: an interrupt table without entries in protected mode. A PC resets.
; ends: triple fault

%include "test.inc"
%include "protected.inc"

    test_begin
    say     "before", LF
    protected_begin
    lidt    [nothing]
    int3
    say     "after", LF
    test_end

nothing:
    dw      0
    dd      0
    gdt_begin
    gdt_end
    boot_signature
