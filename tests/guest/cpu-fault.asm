; SPDX-License-Identifier: GPL-3.0-or-later
; Which exceptions the instructions of real mode end in, and what IP they push: #DE, #BP, #OF, INT n and INT1.
; judge: datasheet. QEMU takes F1h for undefined; it is INT1, which ends in #DB (Intel SDM volume 2, INT)
; qemu: traps# 03 00# 03 00# 05 00# 04 00# 06 ff
; right: traps# 03 00# 03 00# 05 00# 04 00# 01 00
; lab: the laboratory's processor is QEMU's

%include "test.inc"

    test_begin
    catch_faults
    mov     cl, 0
    mov     ax, 100
    say     "divide"
    try     div cl
    show16  ax
    try     aam 0
    show16  ax
    newline
    say     "traps"
    try     int3
    try     int 3
    try     int 5
    mov     al, 0x7f
    add     al, 1
    try     into
    xor     al, al
    try     into
    try     db 0xf1
    newline
    test_end

    boot_signature
