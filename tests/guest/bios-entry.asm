; SPDX-License-Identifier: GPL-3.0-or-later
; What a boot sector finds when the BIOS starts it: registers, flags, the stack, and how the BIOS data area says it.

%include "test.inc"
%include "bios.inc"

    pushad
    pushfd
    push    cs
    push    ds
    push    es
    push    ss
    push    fs
    push    gs
    call    .here
.here:
    cli
    mov     bp, sp
    mov     byte [bp + 30], 0       ; SP, where one PC and another differ a little
    words   bp, 13                  ; the place, the segments, flags, EDI, ESI
    words   bp + 26, 12             ; EBP, ESP, EBX, EDX, ECX, EAX
    say     "returns to"
    show16  [bp + 50 + 2]           ; where in the ROM is its own matter
    newline
    say     "BDA"
    words   0x400, 8
    mov     ax, [0x410]
    and     ax, 0xf3f8              ; but for floppy drives, coprocessor, mouse and more serial ports
    show16  ax
    words   0x413, 1
    words   0x41a, 2
    words   0x449, 4
    words   0x460, 3
    words   0x480, 6
    say     "vectors"               ; in the ROM, or of the user
    show16  [0x08 * 4 + 2]
    show16  [0x13 * 4 + 2]
    show16  [0x1c * 4 + 2]
    show16  [0x60 * 4 + 2]
    newline
    say     "masks"
    in      al, 0x21
    or      al, 0x40                ; but for the floppy controller
    show8   al
    in      al, 0xa1
    or      al, 0xd0                ; the mouse and the disks
    show8   al
    newline
    say     "model"
    push    0xf000
    pop     ds
    show8   [0xfffe]
    newline
    push    0
    pop     ds
    test_end

    words_routine
    boot_signature
