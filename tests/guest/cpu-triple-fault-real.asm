; SPDX-License-Identifier: GPL-3.0-or-later
; A triple fault in real mode: the table of vectors has no room for a single one, as programs do it that want a reset.
; ends: triple fault

%include "test.inc"

    test_begin
    say     "before", LF
    lidt    [nothing]
    int3
    say     "after", LF
    test_end

nothing:
    dw      0
    dd      0
    boot_signature
