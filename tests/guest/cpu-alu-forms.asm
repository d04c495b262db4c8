; SPDX-License-Identifier: GPL-3.0-or-later
; The eight operations of ADD to CMP with immediates and with memory: opcodes 80h to 83h by /digit (82h is an alias of 80h),
; the short forms with AL, AX and EAX, and memory as source and as destination.

%include "test.inc"

    test_begin
    mov     byte [test_mask], LOGIC & 0xff
    mov     bp, 0xc3                ; ModR/M: AL, AX or EAX for 80h to 83h, with BL, BX, EBX for others
next:
    mov     bx, bp
    and     bl, 0x38                ; the operation, as in the opcode
    mov     [short8], bl
    add     byte [short8], 4
    mov     [short16], bl
    add     byte [short16], 5
    mov     [short32 + 1], bl
    add     byte [short32 + 1], 5
    mov     [to8], bl
    mov     [to16], bl
    inc     byte [to16]
    mov     [from32 + 1], bl
    add     byte [from32 + 1], 3
    mov     al, bl
    or      al, 0xc0                ; register AL, AX or EAX
    mov     [by80 + 1], al
    mov     [by81 + 1], al
    mov     [by81wide + 2], al
    mov     [by83 + 1], al
    mov     [by83wide + 2], al
    mov     cx, values.end - values - 3
each:
    mov     si, cx
    add     si, values - 1
    call    load
by80:
    db      0x82, 0xc0, 0x9c
    mix
    call    load
by81:
    db      0x81, 0xc0
    dw      0x8001
    mix
    call    load
by81wide:
    db      0x66, 0x81, 0xc0
    dd      0x7fff8001
    mix
    call    load
by83:
    db      0x83, 0xc0, 0xff
    mix
    call    load
by83wide:
    db      0x66, 0x83, 0xc0, 0x80
    mix
    call    load
short8:
    add     al, 0x7f
    mix
    call    load
short16:
    db      0x05
    dw      0x7f80
    mix
    call    load
short32:
    db      0x66, 0x05
    dd      0x80000000
    mix
    call    load
to8:
    add     [memory + 1], al
    mix
    xor     eax, [memory]
    mix
    call    load
to16:
    add     [memory + 1], ax
    mix
    xor     eax, [memory]
    mix
    call    load
from32:
    add     eax, [memory]
    mix
    dec     cx
    jnz     each
    show8   bl
    show_sum
    newline
    sub     bp, 8
    cmp     bp, 0x83
    jne     next
    test_end

load:
    mov     dword [memory], 0x80ff7f00
    mov     eax, [si]
    rol     eax, 0                  ; no change of flags
    stc
    ret

memory:
    dd      0
values:
    db      0, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff, 0x80, 0x7f, 0x80, 0x12, 0x34, 0, 0x80
.end:
    boot_signature
