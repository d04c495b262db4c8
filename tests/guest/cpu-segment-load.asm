; SPDX-License-Identifier: GPL-3.0-or-later
; Loads of segment registers in protected mode: which descriptors DS and SS take, with what exceptions and error codes (beyond
; the table, not present, of the wrong kind, of another privilege), and that the accessed bit is set.

%include "test.inc"
%include "protected.inc"

    test_begin
    protected_faults
    protected_begin
    mov     si, cases
next:
    lodsw
    show16  ax
    try     mov es, ax
    mov     bx, es
    show16  bx
    mov     ax, [si - 2]
    try     mov ss, ax
    mov     bx, DATA_SELECTOR
    mov     ss, bx
    mov     es, bx
    newline
    cmp     si, cases.end
    jne     next
    show8   [gdt + 0x18 + 5]
    show8   [gdt + 0x20 + 5]
    newline
    test_end

cases:
    dw      0, 0x18, 0x1a, 0x20, 0x28, 0x30, 0x38, 0x40, 0x48
.end:
    gdt_begin
    segment_descriptor 0x12345, 0xffff, DATA_READ_ONLY ; 18h
    segment_descriptor 0, 0xffff, DATA & 0x7f ; 20h: not present
    segment_descriptor 0, 0xffff, 0x98 ; 28h: code that cannot be read
    segment_descriptor 0, 0xffff, 0x9e ; 30h: conforming code that can
    segment_descriptor 0, 0xffff, 0x82 ; 38h: a local descriptor table
    segment_descriptor 0, 0xffff, 0xf2 ; 40h: data of privilege 3
    gdt_end
    boot_signature
