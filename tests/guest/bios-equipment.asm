; SPDX-License-Identifier: GPL-3.0-or-later
; INT 11h and 12h, and that they say what the BIOS data area says when a program changes it.

%include "test.inc"
%include "bios.inc"

    test_begin
    mov     bx, 0x1234
    int     0x11
    and     ax, 0xf3f8              ; but for floppy drives, coprocessor, mouse and more serial ports
    show16  ax
    show16  bx
    newline
    bios    0x12
    mov     word [0x410], 0x4321
    mov     word [0x413], 0x8765
    bios    0x11
    bios    0x12
    mov     ah, 0x02                ; a printer that is not there
    mov     dx, 0
    bios    0x17
    mov     ah, 0x07
    bios    0x17
    test_end

    bios_routines
    boot_signature
