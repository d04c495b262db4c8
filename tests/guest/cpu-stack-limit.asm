; SPDX-License-Identifier: GPL-3.0-or-later
; Stack accesses over the end of the segment in real mode: PUSH, POP, CALL, RET, IRET, POPA and LEAVE at such pointers. Each is #SS
; with its own IP and leaves SP alone; the exception itself has room.
; judge: datasheet. QEMU does not check limits (Intel SDM volume 2, real-address mode exceptions of PUSH and the others)
; qemu:  fffe 0001 0002
; right: # 0c fe 0002# 0c ff ffff# 0c fe fffe# 0c ff ffff
; qemu:  fff8 0001
; right:  fff8# 0c ff fff1# 0c fa 0002# 0c ff 1000
; lab: the laboratory's processor is QEMU's

%include "test.inc"

    test_begin
    catch_faults
    mov     ax, 0x2000
    mov     ss, ax
    mov     es, ax
%macro with_sp 2+
    mov     sp, %1
    try     %2
    mov     di, sp
    mov     sp, 0x1000
    show16  di
%endmacro
    with_sp 2, push eax             ; 4 bytes at FFFEh
    with_sp 0xffff, pop ax
    with_sp 0xfffe, pop eax
    mov     cx, 0x3000
    mov     fs, cx
    mov     ax, after_return        ; where a machine without limits returns to
    mov     [es:0xffff], al
    mov     [fs:0], ah
    with_sp 0xffff, ret
after_return:
    newline
    with_sp 8, pusha                ; fine: down to FFF8h
    with_sp 0xfff1, popa
    with_sp 2, call dword here
    mov     bp, 0xffff
    with_sp 0x1000, leave
here:                               ; the CALL leads here where there are no limits
    newline
    xor     ax, ax
    mov     ss, ax
    mov     sp, 0x7c00
    test_end
    boot_signature
