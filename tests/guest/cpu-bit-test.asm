; SPDX-License-Identifier: GPL-3.0-or-later
; BT, BTS, BTR and BTC: in registers modulo the size; in memory the bit offset in a register reaches beyond the operand, up
; and down, an immediate does not. CF is the old bit; ZF stays.

%include "test.inc"

BITS_AT equ 0x1000

    test_begin
    mov     di, BITS_AT - 0x100
    mov     cx, 0x200
    xor     ax, ax
fill:
    stosb
    add     al, 0x55
    loop    fill
    mov     dl, 0xa3                ; A3h BT, ABh BTS, B3h BTR, BBh BTC
next_kind:
    mov     [reg16 + 1], dl
    mov     [reg32 + 2], dl
    mov     [mem16 + 1], dl
    mov     [mem32 + 2], dl
    mov     bx, BITS_AT
    mov     si, offsets
    mov     eax, 0x5a5aa5a5
next:
    mov     ecx, [si]
reg16:
    bt      ax, cx
    adc     bp, bp
reg32:
    bt      eax, ecx
    adc     bp, bp
mem16:
    bt      [bx], cx
    adc     bp, bp
mem32:
    bt      [bx], ecx
    adc     bp, bp
    add     si, 4
    cmp     si, offsets.end
    je      last
    test    si, 8
    jz      next
    show16  bp
    jmp     next
last:
    sub     dl, 0xa3 - 0x27         ; [BX] with /4 to /7 of BAh
    mov     [im16 + 2], dl
    mov     [im32 + 3], dl
    add     dl, 0xc0 - 7            ; AX
    mov     [imreg + 2], dl
    add     dl, 0xa3 - 0xe0
im16:
    bt      word [bx], 0x85
    adc     bp, bp
im32:
    bt      dword [bx], 0x9f
    adc     bp, bp
imreg:
    bt      ax, 17
    adc     bp, bp
    show8   dl
    show32  eax
    show16  bp
    newline
    add     dl, 8
    cmp     dl, 0xc3
    jne     next_kind

    mov     si, BITS_AT - 0x100     ; a sum over the memory
    xor     edx, edx
    mov     cx, 0x200 / 4
sum:
    lodsd
    rol     edx, 5
    xor     edx, eax
    loop    sum
    show32  edx
    xor     cx, cx
    bt      cx, 0
    show_flags 0x41
    newline
    test_end

offsets:
    dd      0, 1, 15, 16, 31, 33, 100, 257, 0x7ff, -1, -16, -17, -33, -256, -0x7ff
.end:
    boot_signature
