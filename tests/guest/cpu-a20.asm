; SPDX-License-Identifier: GPL-3.0-or-later
; The A20 gate by port 92h: FFFF:0010 is 1 MiB or, with the gate closed, 0; words over the border, code at FFFF:0010, and that
; the gate closes all odd megabytes.
; ram: 4
; lab-qemu: with KVM, QEMU has no A20 gate

%include "test.inc"
%include "protected.inc"

    test_begin
    call    open
    mov     ax, 0xffff
    mov     es, ax
    mov     word [0x600], 0x1111
    mov     word [es:0x610], 0x2222
    show16  [0x600]
    show16  [es:0x610]
    mov     word [es:0x612], 0x00cb ; RETF
    mov     word [0x602], 0xcb40    ; INC AX, RETF
    call    close
    show16  [es:0x610]
    mov     word [es:0x610], 0x3333
    show16  [0x600]
    call    0xffff:0x612
    show16  ax
    call    open
    show16  [es:0x610]
    call    0xffff:0x612
    show16  ax
    mov     byte [es:0x10], 0x99
    mov     bx, [es:0x0f]           ; over the border of 1 MiB
    show8   bh
    newline

    lgdt    [gdt]
    mov     eax, cr0
    inc     ax
    mov     cr0, eax
    mov     bx, 0x18
    mov     ds, bx
    dec     ax
    mov     cr0, eax
    xor     ax, ax
    mov     ds, ax
    mov     dword [dword 0x200600], 0x20202020
    mov     dword [dword 0x300600], 0x30303030
    call    close
    mov     eax, [dword 0x300600]
    show32  eax
    mov     eax, [dword 0x200600]
    show32  eax
    call    open
    mov     eax, [dword 0x300600]
    show32  eax
    newline
    test_end

open:
    mov     ax, 0x0002
    jmp     gate
close:
    mov     ax, 0x0000
gate:
    out     0x92, al
    mov     ax, 5
    ret

    gdt_begin
    segment_descriptor 0, 0xfffff, DATA, FLAG_4K
    gdt_end
    boot_signature
