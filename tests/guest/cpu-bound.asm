; SPDX-License-Identifier: GPL-3.0-or-later
; BOUND of words and double words, signed, and the coprocessor's exception #NM: by EM for all, by TS for all but WAIT, which
; needs MP too.

%include "test.inc"

    test_begin
    catch_faults
    mov     ax, 5
    try     bound ax, [bounds]
    mov     ax, 10
    try     bound ax, [bounds]
    mov     ax, 11
    try     bound ax, [bounds]
    mov     ax, -6
    try     cs bound ax, [bounds]
    mov     eax, -6
    try     bound eax, [bounds + 4]
    mov     eax, 0x10000
    try     bound eax, [bounds + 4]
    newline
    mov     eax, cr0
    and     al, 0xf1
    or      al, 4                   ; EM
    mov     cr0, eax
    try     fninit
    try     fld dword [bounds]
    try     wait
    newline
    xor     al, 4 | 8               ; TS
    mov     cr0, eax
    try     fnstsw [bounds]
    try     wait
    newline
    xor     al, 2                   ; and MP
    mov     cr0, eax
    try     wait
    clts
    try     wait
    newline
    test_end

bounds:
    dw      -5, 10
    dd      -6, 0xffff
    boot_signature
