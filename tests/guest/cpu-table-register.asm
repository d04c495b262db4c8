; SPDX-License-Identifier: GPL-3.0-or-later
; LGDT, LIDT, SGDT and SIDT: a 16-bit LGDT takes 24 bits of the base, a 32-bit one all; stores are six bytes.
; judge: datasheet. QEMU stores 24 bits of the base with a 16-bit operand size (Intel SDM volume 2, SGDT: all 32 are stored)
; qemu:  1234 00654321 00654321 03ff 00000000
; right:  1234 00654321 87654321 03ff 00000000
; lab: the laboratory's processor is QEMU's

%include "test.inc"

    test_begin
    lgdt    [table]
    sgdt    [result]
    show16  [result]
    show32  [result + 2]
    o32 lgdt [table]
    sgdt    [result]
    show32  [result + 2]
    sidt    [result]
    show16  [result]
    show32  [result + 2]
    newline
    lidt    [table]
    sidt    [result]
    show16  [result]
    show32  [result + 2]
    show16  [result + 6]
    newline
    test_end

table:
    dw      0x1234
    dd      0x87654321
result:
    dw      0, 0, 0, 0x7777
    boot_signature
