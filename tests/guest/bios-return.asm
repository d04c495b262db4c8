; SPDX-License-Identifier: GPL-3.0-or-later
; A boot sector that returns to where it came from: the BIOS says by INT 18h that there is nothing to boot.

%include "test.inc"

    mov     word [0x18 * 4], on_boot_failed
    mov     word [0x18 * 4 + 2], 0
    retf

on_boot_failed:
    xor     ax, ax
    mov     ds, ax
    mov     ss, ax
    mov     sp, 0x7c00
    say     "nothing to boot", LF
    test_end

    boot_signature
