; SPDX-License-Identifier: GPL-3.0-or-later
; INT 15h, AX = 2400h to 2403h: the A20 line, seen in memory, too.
; lab-qemu: with KVM, QEMU has no A20 gate

%include "test.inc"
%include "bios.inc"

    test_begin
    push    0xffff
    pop     es
    mov     word [0x500], 0x1234
    mov     si, functions
.next:
    lodsw
    mov     bx, 0x5678
    bios    0x15
    mov     ax, [es:0x510]          ; 0000:0500, or what is 1 MiB above it
    xor     ax, [0x500]
    not     word [0x500]
    xor     ax, [es:0x510]
    xor     ax, [0x500]             ; 0: both or none changed
    show16  ax
    in      al, 0x92
    and     al, 2
    show8   al
    newline
    cmp     si, functions.end
    jb      .next
    test_end

functions:
    dw      0x2402, 0x2400, 0x2402, 0x2403, 0x2401, 0x2402, 0x2404
.end:
    bios_routines
    boot_signature
