; SPDX-License-Identifier: GPL-3.0-or-later
; A reset by port 92h.
; ends: reset

%include "test.inc"

    test_begin
    say     "before", LF
    in      al, 0x92
    and     al, 0xfe
    out     0x92, al
    or      al, 1
    out     0x92, al
wait_for_it:
    jmp     wait_for_it
    boot_signature
