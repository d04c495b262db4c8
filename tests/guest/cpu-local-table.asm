; SPDX-License-Identifier: GPL-3.0-or-later
; The local descriptor table: LLDT, SLDT, segments by it, and what is #GP and #NP; with a null table every selector of it is #GP.

%include "test.inc"
%include "protected.inc"

    test_begin
    protected_faults
    protected_begin
    mov     ax, 0x18
    lldt    ax
    mov     eax, 0xffffffff
    sldt    ax
    show16  ax
    mov     ax, 0x0c                ; second entry of the local table
    mov     es, ax
    mov     byte [es:0x10], 0x77
    show8   [0x4010]
    mov     ax, 0x14
    try     mov es, ax              ; beyond it
    newline
    mov     ax, 0x10
    try     lldt ax                 ; a data segment
    mov     ax, 0x20
    try     lldt ax                 ; not present
    mov     ax, 0x0c
    try     lldt ax                 ; itself in the local table
    xor     ax, ax
    lldt    ax
    mov     al, 0x0c
    try     mov es, ax
    newline
    test_end

local:
    dd      0, 0
    segment_descriptor 0x4000, 0xff, DATA
    gdt_begin
    dw      15, local
    dd      0x8200                  ; 18h
    segment_descriptor 0x4000, 0xff, 0x02 ; 20h: not present
    gdt_end
    boot_signature
