; SPDX-License-Identifier: GPL-3.0-or-later
; LAR, LSL, VERR and VERW on all kinds of descriptors, and ARPL.
; judge: datasheet. QEMU does not set the accessed bit of code segments (Intel SDM volume 3, 3.4.5.1)
; qemu:  08 00009a00 0000ffff 9a00 0007
; right:  08 00009b00 0000ffff 9b00 0007
; lab: the laboratory's processor is QEMU's

%include "test.inc"
%include "protected.inc"

    test_begin
    protected_begin
    mov     cx, 0
next:
    mov     eax, 0x55555555
    mov     ebx, eax
    mov     edx, eax
    lar     eax, cx
    pushf
    lsl     ebx, ecx
    pushf
    lar     dx, cx
    verr    cx
    pushf
    mov     [selector], cx
    verw    [selector]
    pushf
    mov     bp, 4
    mov     di, 0
collect:
    pop     si
    shr     si, 7                   ; ZF
    adc     di, di
    dec     bp
    jnz     collect
    show8   cl
    show32  eax
    show32  ebx
    show16  dx
    show16  di
    newline
    add     cl, 8
    cmp     cx, gdt_limit + 9
    jb      next
    mov     ax, 0x08
    mov     bx, 2
    arpl    ax, bx
    show16  ax
    show_flags 0x40
    mov     bx, 1
    arpl    ax, bx
    show16  ax
    show_flags 0x40
    arpl    [selector], ax
    lar     ebx, [selector]         ; privilege 3 is asked for and 0 given
    show_flags 0x40
    newline
    test_end

selector:
    dw      0
    gdt_begin
    segment_descriptor 0x12345678, 0xabcde, DATA_READ_ONLY, FLAG_4K | FLAG_32
    segment_descriptor 0, 0x0ffff, DATA & 0x7f
    segment_descriptor 0, 0x0fff0, 0x98 ; code that cannot be read
    segment_descriptor 0, 0x0fff0, 0x9e ; conforming code
    segment_descriptor 0, 0x00fff, 0x82 ; local descriptor table
    segment_descriptor 0, 0x00067, 0x89 ; task state
    gate_descriptor 0x08, 0x1234, 0x84  ; 16-bit call gate
    gate_descriptor 0x08, 0x1234, 0x8c  ; 32-bit call gate
    gate_descriptor 0x08, 0x1234, 0x85  ; task gate
    gate_descriptor 0x08, 0x1234, 0x8e  ; interrupt gate
    gdt_end
    boot_signature
