; SPDX-License-Identifier: GPL-3.0-or-later
; REP MOVS, STOS and LODS in both directions, REPE and REPNE CMPS and SCAS and where they end, REP with CX = 0, and segment
; overrides of the source.
; digest

%include "test.inc"

BUFFER  equ 0x1000

%macro registers 0
    call    show_registers
%endmacro

    test_begin
    mov     si, text
    mov     di, BUFFER
    mov     cx, text.end - text
    rep     movsb
    registers
    std                             ; overlapping, upward by 3, from the end
    mov     si, BUFFER + 15
    mov     di, BUFFER + 18
    mov     cx, 8
    rep     movsw
    registers
    cld
    mov     cx, 5                   ; overlapping: fills
    mov     si, BUFFER
    mov     di, BUFFER + 4
    rep     movsd
    registers
    mov     di, BUFFER + 30
    mov     cx, 3
    mov     eax, 0x44434241
    rep     stosd
    mov     al, 'z'
    mov     cx, 0
    rep     stosb
    registers
    mov     cx, 0
    repne   scasb                   ; ZF stays
    registers
    mov     di, BUFFER
    mov     cx, 60
    mov     al, 'A'
    repne   scasb
    registers
    mov     cx, 60
    repe    scasb
    registers
    mov     si, text
    mov     di, BUFFER
    mov     cx, 60
    repe    cmpsb
    registers
    repne   cmpsw
    registers
    mov     cx, 9
    rep     lodsw
    show16  ax
    registers
    mov     ax, BUFFER / 16
    mov     fs, ax
    mov     si, 1
    mov     di, BUFFER + 50
    mov     cx, 6
    rep fs  movsb
    registers
    mov     byte [di], 0
    mov     si, BUFFER
    mov     cx, 56
print:
    lodsb
    call    test16_put
    loop    print
    newline
    test_end

show_registers:
    show16  cx
    show16  si
    show16  di
    show_flags 0x40                 ; ZF
    newline
    ret

text:
    db      "the quick brown fox jumps over"
.end:
    boot_signature
