; SPDX-License-Identifier: GPL-3.0-or-later
; Prefixes: in any order, repeated (of segments the last one counts), without effect where they have none, REP before what is
; no string instruction.

%include "test.inc"

    test_begin
    mov     ax, 0x1000
    mov     es, ax
    mov     fs, ax
    mov     byte [es:8], 0xe5
    mov     byte [8], 0xd5
    mov     bx, 8
    mov     ebx, 8
    db      0x26, 0x3e, 0x8a, 0x07  ; ES, DS: MOV AL, [BX]
    show8   al
    db      0x3e, 0x64, 0x8a, 0x07  ; DS, FS
    show8   al
    db      0x67, 0x26, 0x66, 0x8b, 0x03 ; address, ES, data: MOV EAX, [EBX]
    show32  eax
    db      0x66, 0x66, 0xb8, 1, 2, 3, 4 ; twice is not undone
    show32  eax
    db      0x66, 0x67, 0x66, 0x67, 0xb8, 5, 6, 7, 8
    show32  eax
    db      0x26, 0xb0, 0x12        ; MOV AL, 12h
    show8   al
    db      0xf3, 0x40              ; REP INC AX
    show8   al
    mov     cx, 2
    db      0xf2, 0xa4              ; REPNE MOVSB is REP
    show16  cx
    mov     cx, 2
    db      0xf3, 0xf2, 0xae        ; of REP and REPNE the last one
    show16  cx
    mov     cx, 5
    mov     di, 8
    mov     al, 0xe5
    db      0xf2, 0xf3, 0xae
    show16  cx
    db      0xf3, 0x90              ; PAUSE
    db      0x66, 0x90
    db      0x2e, 0x66, 0x74, 0     ; hints
    db      0xf0, 0x26, 0xff, 0x07  ; LOCK INC word [ES:BX]
    show16  [es:8]
    newline
    test_end
    boot_signature
