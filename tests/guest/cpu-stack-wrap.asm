; SPDX-License-Identifier: GPL-3.0-or-later
; The stack pointer wraps within 64 KiB: pushes at SP = 0 and SP = 2, pops at SP = FFFEh; on a 16-bit stack the upper half of
; ESP stays. CALL, RET, LEAVE and INT likewise.

%include "test.inc"

    test_begin
    mov     ax, 0x1000
    mov     ss, ax
    mov     esp, 0xabcd0000
    push    word 0x1111             ; at FFFEh
    mov     [cs:results], esp
    push    dword 0x22223333
    mov     [cs:results + 4], esp
    mov     esp, 0x12340002
    push    ax                      ; at 0
    mov     [cs:results + 8], esp
    push    ax                      ; at FFFEh
    mov     [cs:results + 12], esp
    mov     esp, 0x5555fffe
    pop     bx
    mov     [cs:results + 16], esp
    pop     cx
    mov     [cs:results + 20], esp
    mov     esp, 0x77770004
    pusha                           ; over the end
    mov     [cs:results + 24], esp
    popa
    mov     [cs:results + 28], esp
    mov     sp, 0
    call    next
next:
    pop     dx
    mov     [cs:results + 32], esp
    mov     bp, 0xfffe
    leave
    mov     [cs:results + 36], esp
    catch   0x60, handler
    mov     sp, 4
    int     0x60
    mov     [cs:results + 40], esp
    xor     ax, ax
    mov     ss, ax
    mov     sp, 0x7c00
    mov     si, results
    mov     cx, 12
show:
    lodsd
    show32  eax
    loop    show
    newline
    show16  bx
    show16  dx
    sub     bp, next                ; LEAVE took it from FFFEh, where CALL had pushed
    show16  bp
    newline
    test_end

handler:
    mov     [cs:results + 44], esp
    iret

results:
    times 12 dd 0
    boot_signature
