; SPDX-License-Identifier: GPL-3.0-or-later
; BSF and BSR of words and double words, in registers and memory. ZF for a source of zero; then the destination stays as it
; was (as every processor does it).

%include "test.inc"

    test_begin
    mov     si, values
next:
    mov     edx, [si]
    mov     eax, 0xdeadbeef
    bsf     ax, dx
    show32  eax
    show_flags 0x40
    bsr     ax, [si]
    show32  eax
    show_flags 0x40
    bsf     ecx, edx
    show32  ecx
    bsr     ecx, [si]
    show_flags 0x40
    show32  ecx
    newline
    add     si, 4
    cmp     si, values.end
    jne     next
    test_end

values:
    dd      1, 0x80000000, 0x8000, 0x10000, 0, 0xffffffff, 0x00ff0000, 0x12345678
.end:
    boot_signature
