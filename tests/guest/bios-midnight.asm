; SPDX-License-Identifier: GPL-3.0-or-later
; The ticks of a day, of which there are 1800B0h: INT 1Ah, AH = 00h and 01h; and the count starts again at midnight, which is
; said once; with a program before the BIOS in the chain.
; lab-qemu: QEMU's clock is the laboratory's, and a tick comes there between two calls

%include "test.inc"
%include "bios.inc"

    test_begin
    mov     cx, 0x0012
    mov     dx, 0x3456
    mov     byte [0x470], 3
    mov     ax, 0x0155
    bios    0x1a
    mov     cx, 0
    mov     dx, 0
    mov     ax, 0x0055
    bios    0x1a
    mov     byte [0x470], 3
    mov     ax, 0x0055
    bios    0x1a
    mov     eax, [0x08 * 4]
    mov     [timer], eax
    catch   0x08, before
    mov     dword [0x46c], 0x1800ad
    mov     byte [0x470], 0
    sti
.wait:
    hlt
    cmp     byte [ticks], 4
    jb      .wait
    cli
    show32  [0x46c]
    show8   [0x470]
    newline
    mov     ax, 0x0055
    bios    0x1a
    mov     ax, 0x0055
    bios    0x1a
    test_end

; Before the BIOS has counted.
before:
    push    eax
    show32  [cs:0x46c]
    show8   [cs:0x470]
    newline
    pop     eax
    inc     byte [cs:ticks]
    jmp     far [cs:timer]

timer:
    dd      0
ticks:
    db      0
    bios_routines
    boot_signature
