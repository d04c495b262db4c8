; SPDX-License-Identifier: GPL-3.0-or-later
; MOVZX, MOVSX, CBW, CWDE, CWD, CDQ, BSWAP, XLAT, LAHF and SAHF.

%include "test.inc"

    test_begin
    mov     word [test_mask], ARITHMETIC
    mov     si, values
    mov     bx, values
next:
    mov     ecx, [si]
    mov     eax, 0x5555aaaa
    mov     edx, eax
%macro one 2+
    %1      %2
    mix
%endmacro
    one     movzx, ax, cl
    one     movzx, ax, byte [si + 1]
    one     movzx, eax, ch
    one     movzx, eax, cx
    one     movzx, eax, word [si + 1]
    one     movsx, ax, ch
    one     movsx, ax, byte [si + 2]
    one     movsx, eax, cl
    one     movsx, eax, cx
    one     movsx, eax, word [si + 2]
    one     movsx, eax, byte [si + 3]
    mov     eax, ecx
    cbw
    mix
    cwd
    mix
    xchg    eax, edx
    mix
    mov     eax, ecx
    cwde
    mix
    cdq
    xchg    eax, edx
    mix
    mov     eax, ecx
    bswap   eax
    mix
    and     al, 15
    xlatb
    mix
    cs xlatb
    mov     ah, cl
    sahf
    lahf
    mix
    show32  ecx
    show_sum
    newline
    add     si, 4
    cmp     si, values.end
    jne     next
    test_end

values:
    dd      0, 0xffffffff, 0x80808080, 0x7f7f7f7f, 0x12345678, 0xfedcba98
.end:
    dd      0
    boot_signature
