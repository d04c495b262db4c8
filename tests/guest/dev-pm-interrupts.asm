; SPDX-License-Identifier: GPL-3.0-or-later
; Protected mode with the controllers remapped to 20h and 28h: interrupts of the timer, of the UART and of the clock come by 32-bit
; gates; then back to real mode with the vectors as they were.

%include "test.inc"
%include "dev.inc"

CODE            equ 0x08
DATA            equ 0x10
CODE16          equ 0x18
IDT             equ 0x800

    dev_begin
    mov     bx, 0x2820
    call    remap
    mov     si, vectors
    mov     cx, 3
.gate:
    lodsb
    mov     ah, 0
    mov     bx, ax
    lodsw
    mov     [bx + IDT], ax
    mov     dword [bx + IDT + 2], 0x8e000000 | CODE
    mov     word [bx + IDT + 6], 0
    loop    .gate
    lgdt    [gdt_register]
    lidt    [idt_register]
    put     0x43, 0x30
    put     0x40, 0x00
    put     0x40, 0x10
    mov     eax, cr0
    or      al, 1
    mov     cr0, eax
    jmp     CODE:protected
    bits    32
protected:
    mov     ax, DATA
    mov     ds, ax
    mov     es, ax
    mov     ss, ax
    put     PIC1 + 1, 0xea
    put     PIC2 + 1, 0xfe
    sti
.timer:
    hlt
    cmp     edi, NOTES
    je      .timer
    put     UART + 4, 0x0b
    put     UART + 1, 0x02
    jmp     short $ + 2
    put     0x70, 0x0b
    put     0x71, 0x42
.clock:
    cmp     edi, NOTES + 6
    jb      .clock
    cli
    jmp     CODE16:back

on_timer:
    mov     al, 0x20
    jmp     served
on_uart:
    mov     dx, UART + 2
    in      al, dx
    stosb
    mov     al, 0x24
    jmp     served
on_clock:
    put     0x70, 0x0b
    put     0x71, 0x02
    put     0x70, 0x0c
    in      al, 0x71
    mov     al, 0x28
served:
    stosb
    mov     ax, cs
    stosb
    put     PIC2, EOI
    out     PIC1, al
    iret

    bits    16
back:
    mov     ax, DATA
    mov     ss, ax
    mov     eax, cr0
    and     al, 0xfe
    mov     cr0, eax
    jmp     0:.real
.real:
    xor     ax, ax
    mov     ds, ax
    mov     es, ax
    mov     ss, ax
    lidt    [real_register]
    mov     bx, 0x7008
    call    remap
    tell    "protected:"
    test_end

; To the vectors in BL and BH, all masked.
remap:
    put     PIC1, 0x11
    out     PIC2, al
    put     PIC1 + 1, bl
    put     PIC2 + 1, bh
    put     PIC1 + 1, 0x04
    put     PIC2 + 1, 0x02
    put     PIC1 + 1, 0x01
    out     PIC2 + 1, al
    put     PIC1 + 1, 0xff
    out     PIC2 + 1, al
    ret

vectors:
    db      0x20 * 8 & 0xff
    dw      on_timer
    db      0x24 * 8 & 0xff
    dw      on_uart
    db      0x28 * 8 & 0xff
    dw      on_clock
gdt_register:
    dw      gdt.end - gdt - 1
    dd      gdt
idt_register:
    dw      0x29 * 8 - 1
    dd      IDT - 0x100
real_register:
    dw      0x3ff
    dd      0
gdt:
    dq      0
    dq      0x00cf9a000000ffff
    dq      0x00cf92000000ffff
    dq      0x00009a000000ffff
.end:

    dev_end
