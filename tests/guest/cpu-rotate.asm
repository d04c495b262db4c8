; SPDX-License-Identifier: GPL-3.0-or-later
; ROL, ROR, RCL and RCR of 8, 16 and 32 bits, by 1, by CL and by an immediate, with CF clear and set. OF is defined for a
; count of 1 only; other flags stay. A count of 0 after the mask of 5 bits leaves CF; one that is a multiple of the size does
; not.

%include "test.inc"

    test_begin
    mov     bp, 0xc0                ; ModR/M: AL with /0 ROL to /3 RCR
next_kind:
    mov     ax, bp
    mov     [by_cl8 + 1], al
    mov     [by_cl16 + 1], al
    mov     [by_cl32 + 2], al
    mov     [one8 + 1], al
    mov     [one16 + 1], al
    mov     [one32 + 2], al
    mov     [by_8 + 1], al
    mov     si, values
next_value:
    mov     word [test_mask], ARITHMETIC
    call    load
one8:
    rol     al, 1
    mix
one16:
    rol     ax, 1
    mix
one32:
    rol     eax, 1
    mix
    mov     byte [test_mask + 1], 0
by_8:
    rol     al, 5
    mix
    mov     bx, counts
next_count:
    mov     cl, [bx]
    call    load
by_cl8:
    rol     al, cl
    mix
    call    load
by_cl16:
    rol     ax, cl
    mix
    call    load
by_cl32:
    rol     eax, cl
    mix
    inc     bx
    cmp     bx, counts.end
    jne     next_count
    add     si, 4
    cmp     si, values.end
    jne     next_value
    show16  bp
    show_sum
    newline
    add     bp, 8
    cmp     bp, 0xe0
    jne     next_kind
    test_end

load:
    mov     ah, [si + 3]            ; CF and the others from the value itself
    sahf
    mov     eax, [si]
    ret

values:
    dd      0x12345678, 0x87654321, 0x80808081, 0xffffffff, 0xd5000001, 0x00000000, 0xff000000
.end:
counts:
    db      0, 1, 2, 7, 8, 9, 10, 15, 16, 17, 18, 27, 31, 32, 33, 0xff
.end:
    boot_signature
