; SPDX-License-Identifier: GPL-3.0-or-later
; Opcodes that no manual of Intel's has and every processor: SALC, the second SHL (/6), AAM and AAD with other bases, 82h as a
; second 80h, TEST as /1 of F6h and F7h.
; judge: datasheet. QEMU has no /1 (AMD64 Architecture Programmer's Manual volume 3, table A-6)
; qemu: test# 06 f8# 06 f7
; right: test 0044 0080
; lab: the laboratory's processor is QEMU's

%include "test.inc"

    test_begin
    catch_faults
    say     "plain"
    stc
    db      0xd6                    ; SALC
    show8   al
    mov     al, 0x41
    db      0xc0, 0xf0, 2           ; SHL AL, 2 as /6
    show8   al
    show_flags 0xc5
    db      0xd0, 0xf0
    show8   al
    mov     al, 0x7b
    db      0xd4, 16                ; AAM 16
    show16  ax
    db      0xd5, 16
    show16  ax
    db      0x82, 0xc0, 0x05        ; ADD AL, 5
    show8   al
    newline
    say     "test"
    mov     ax, 0x8055
    mov     word [test_resume], first
    db      0xf6, 0xc8, 0xaa        ; TEST AL, AAh
    show_flags 0xc5
first:
    mov     word [test_resume], second
    db      0xf7, 0xc8, 0x00, 0xff  ; TEST AX, FF00h
    show_flags 0xc1
second:
    newline
    test_end
    boot_signature
