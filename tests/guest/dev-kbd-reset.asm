; SPDX-License-Identifier: GPL-3.0-or-later
; ends: reset
; The 8042's pulse of the reset line.

%include "test.inc"
%include "dev.inc"

    dev_begin
    put     0x64, 0xff
    tell    "not yet"
    put     0x64, 0xfe
    hlt
    test_end

    dev_end
