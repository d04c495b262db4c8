; SPDX-License-Identifier: GPL-3.0-or-later
; IDIV of the lowest number by -1: the quotient does not fit, which is #DE; nothing changes. So it is for 16 and 32 bits and, from
; AX, for 8.
; judge: datasheet. QEMU divides on the host, which ends its process by SIGFPE (Intel SDM volume 2, IDIV)
; qemu: dies
; right: 8# 00 fe 8000 0000
; right: 16# 00 fe 0000 8000
; right: 32# 00 fd 0000 0000
; right: done

%include "test.inc"

    test_begin
    catch_faults
    mov     cx, -1
    mov     ax, 0x8000
    mov     dx, 0
    say     "8"
    try     idiv cl
    call    show
    mov     dx, ax
    mov     ax, 0
    say     "16"
    try     idiv cx
    call    show
    mov     edx, 0x80000000
    mov     eax, 0
    mov     ecx, -1
    say     "32"
    try     idiv ecx
    call    show
    test_end

show:
    show16  ax
    show16  dx
    newline
    ret
    boot_signature
