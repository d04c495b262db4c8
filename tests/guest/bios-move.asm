; SPDX-License-Identifier: GPL-3.0-or-later
; INT 15h, AH = 87h: memory above 1 MiB is written and read back, with A20 off and on; segments and registers are as they were.
; ram: 2

%include "test.inc"
%include "bios.inc"

TABLE   equ 0x9000
HIGH    equ 0x123456
BUFFER  equ 0xa000

    test_begin
    mov     ax, 0x2400
    int     0x15
    mov     di, BUFFER
    mov     cx, 64
    rep stosb                       ; another content
    mov     ebx, text + 0x93000000
    mov     edx, HIGH + 0x93000000
    call    move
    mov     ebx, HIGH + 2 + 0x93000000
    mov     edx, BUFFER + 0x93000000
    call    move
    words   BUFFER, 5
    mov     ax, 0x2401
    int     0x15
    mov     ebx, HIGH + 0x93000000
    mov     edx, BUFFER + 0x93000000
    call    move
    words   BUFFER, 5
    mov     cx, 0
    call    none
    words   BUFFER, 5
    test_end

move:
    mov     cx, 4
none:
    mov     eax, 0
    mov     di, TABLE
    push    cx
    mov     cx, 12
    rep stosd
    pop     cx
    mov     word [TABLE + 0x10], 0x00ff
    mov     [TABLE + 0x12], ebx
    mov     word [TABLE + 0x18], 0x00ff
    mov     [TABLE + 0x1a], edx
    mov     ax, 0x0900
    mov     es, ax
    mov     si, TABLE - 0x9000
    mov     ax, 0x8777
    mov     ebp, 0x11223344
    mov     edi, 0x55667788
    clc
    bios    0x15
    show32  ebp
    show32  edi
    show16  es
    show16  ds
    show16  si
    in      al, 0x92
    and     al, 2
    show8   al
    mov     byte [fs:0x700], 1      ; segments have their real-mode limits
    mov     byte [es:0xfff0], 1
    newline
    push    0
    pop     es
    ret

text:
    db      "0123456789"

    bios_routines
    words_routine
    boot_signature
