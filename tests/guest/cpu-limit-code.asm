; SPDX-License-Identifier: GPL-3.0-or-later
; The end of a code segment in real mode: an instruction that ends at FFFFh runs, and then it is #GP with IP 0000h; one that
; reaches over the end is #GP, and so is a jump beyond it, with the IP of the jump and SP as before.
; judge: datasheet. QEMU does not check limits, and goes on at 20000h and 10000h (Intel SDM volume 3, 5.3; volume 2, JMP, CALL and
;   RET)
; qemu: end 0000 0001 0000 016e 0000
; right: end# 0d 15 0000# 0d 15 0001# 0d 15 0000# 0d 14 0000# 0d 14 0000
; qemu: jump 7bf8
; right: jump# 0d fd# 0d fd# 0d fa# 0d fe# 0d f8 7bf8
; lab: the laboratory's processor is QEMU's

%include "test.inc"

BEYOND  equ 0x2345

    test_begin
    catch_faults
    mov     di, 0                   ; where a machine without limits goes on: at 10000h, 12345h and 20000h
    call    plant
    mov     di, BEYOND
    call    plant
    mov     ah, 0x20
    mov     di, 0
    call    plant_there
    say     "end"
    mov     al, 0x90                ; NOP, from FFFFh
    mov     di, 0xffff
    call    run
    mov     al, 0x40                ; INC AX
    call    run
    mov     al, 0x98                ; CBW
    call    run
    mov     al, 0xb0                ; MOV AL, imm8: over the end
    call    run
    mov     al, 0xe9                ; JMP
    call    run
    newline
    say     "jump"
    mov     eax, 0x10000
    try     jmp eax
    try     call eax
    try     jmp dword 0x10000
    push    eax
    try     o32 ret
    try     jmp dword 0:0x10000 + BEYOND
    show16  sp
    newline
    test_end

plant:
    mov     ah, 0x10
plant_there:
    mov     al, 0
    mov     es, ax
    mov     al, 0xea                ; JMP 0:go_on
    stosb
    mov     ax, go_on
    stosw
    mov     ax, 0
    stosw
    ret
go_on:
    jmp     [test_resume]

; Runs AL at 1000h:FFFFh, behind which is the jump of plant.
run:
    mov     dx, 0x1000
    mov     es, dx
    mov     [es:di], al
    mov     word [test_resume], .behind
    push    es
    push    di
    xor     ax, ax
    retf
.behind:
    show16  ax
    ret
    boot_signature
