; SPDX-License-Identifier: GPL-3.0-or-later
; AAM and AAD with several bases, also other than 10: SF, ZF and PF are defined. AAM 0 is #DE.

%include "test.inc"

    test_begin
    mov     byte [test_mask], 0xc4  ; SF, ZF, PF
    mov     byte [test_mask + 1], 0
%macro base 1
    mov     cx, 0x100
%%next:
    mov     ax, cx
    aam     %1
    mix
    aad     %1
    mix
    mov     al, cl
    mov     ah, 0x85
    aad     %1
    mix
    sub     cx, 15
    ja      %%next
    show_sum
%endmacro
    base    10
    base    16
    base    7
    base    0xff
    newline
    catch_faults
    mov     ax, 0x1234
    try     aam 0
    show16  ax
    newline
    test_end
    boot_signature
