; SPDX-License-Identifier: GPL-3.0-or-later
; DIV and IDIV of 8, 16 and 32 bits: quotient, remainder, and #DE for a divisor of 0 and for quotients that do not fit; then
; EIP is that of the division, and nothing has changed. All flags are undefined.

%include "test.inc"

    test_begin
    mov     word [test_mask], 0
    catch   0, fault
    mov     si, values
first:
    mov     di, values
second:
%macro one 2+
    call    load
    mov     bp, %%behind
    %1      %2
%%behind:
    call    both
%endmacro
    one     div, cl
    one     div, cx
    one     div, ecx
    one     idiv, cl
    one     idiv, cx
    one     idiv, ecx
    one     div, byte [di + 1]
    one     idiv, dword [di]
    add     di, 4
    cmp     di, values.end
    jne     second
    show32  [si]
    show_sum
    show16  [faults]
    newline
    add     si, 4
    cmp     si, values.end
    jne     first
    test_end

load:
    mov     eax, [si]
    mov     edx, [si + 4]
    mov     ecx, [di]
    ret
both:
    mix
    mov     eax, edx
    mix
    ret

; Checks that EIP on the stack is at most 4 before the end, counts, and goes on there.
fault:
    push    bp
    mov     bp, sp
    push    ax
    mov     ax, [bp]
    sub     ax, [bp + 2]
    add     [faults], ax
    add     byte [faults + 1], 1
    mov     ax, [bp]
    mov     [bp + 2], ax
    pop     ax
    pop     bp
    iret

faults:
    dw      0
values:
    dd      0, 1, 0xffffffff, 0x80000000, 0xffffffff, 0x00008000, 0x7fff7f7f, 0x0000ff80, 0xfffffffe, 0x00000080, 0x12345678
    dd      0xffff8080, 0x00010002, 5
.end:
    dd      0xffffff81
    boot_signature
