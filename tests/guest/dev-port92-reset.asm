; SPDX-License-Identifier: GPL-3.0-or-later
; ends: reset
; Port 92h: A20 is on after POST, and bit 0 resets.

%include "test.inc"
%include "dev.inc"

    dev_begin
    in      al, 0x92
    and     al, 0x03
    note    al
    put     0x92, 0x02
    in      al, 0x92
    and     al, 0x03
    note    al
    tell    "port 92h:"
    in      al, 0x92
    or      al, 1
    out     0x92, al
    hlt
    test_end

    dev_end
