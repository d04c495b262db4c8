; SPDX-License-Identifier: GPL-3.0-or-later
; ram: 3
; What the CMOS memory tells of the machine: base memory, extended memory twice, equipment's screen and coprocessor; and that INT
; 12h and INT 15h say the same.

%include "test.inc"
%include "dev.inc"

    dev_begin
    mov     si, registers
    mov     cx, 6
.next:
    lodsb
    out     0x70, al
    in      al, 0x71
    note    al
    loop    .next
    tell    "memory:"
    put     0x70, 0x14
    in      al, 0x71
    and     al, 0x32
    note    al
    tell    "screen, coprocessor:"
    mov     ah, 0x88
    int     0x15
    note    al
    note    ah
    tell    "int 15h:"
    test_end

registers:
    db      0x15, 0x16, 0x17, 0x18, 0x30, 0x31

    dev_end
