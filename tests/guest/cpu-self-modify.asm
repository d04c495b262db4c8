; SPDX-License-Identifier: GPL-3.0-or-later
; Code that writes into itself: the very next instruction, the immediate of the next, the rest of a REP STOSB that runs over its
; own successors, code executed before and rewritten, through another segment, code copied and called, and instructions that
; write over themselves.

%include "test.inc"

    test_begin
    xor     ax, ax
    mov     byte [next1], 0x40      ; INC AX
next1:
    nop
    show16  ax
    mov     byte [next2 + 1], 0x77
next2:
    mov     al, 0x11
    show16  ax
    mov     bx, 0x07c0
    mov     es, bx
    mov     word [es:next3 - 0x7c00 + 1], 0x4321
next3:
    mov     ax, 0x1234
    show16  ax
    xor     bx, bx
    mov     es, bx
    xor     bx, bx
    mov     di, behind
    mov     cx, 4
    mov     al, 0x43                ; INC BX
    rep     stosb
behind:
    nop
    nop
    nop
    nop
    show16  bx
    mov     cx, 3
    mov     dx, 0
again:
    inc     dx                      ; INC DX, then DEC DX
    xor     byte [again], 0x08
    loop    again
    show16  dx
    newline
    mov     si, piece
    mov     di, 0x600
    mov     cx, piece.end - piece
    rep     movsb
    mov     ax, 5
    call    0x600
    show16  ax
    mov     byte [0x600], 0x48      ; DEC AX
    mov     bx, 0x600
    call    bx
    call    0:0x700 - 0x100 + piece.far - piece
    show16  ax
    mov     dword [0x600], 0xc3909090 ; and longer than one write
    call    bx
    show16  ax
    mov     bx, over
    mov     al, 0x91
over:
    mov     [bx], al                ; its opcode becomes XCHG AX, CX
    show16  ax
    mov     bp, sp
    mov     sp, over_call + 3
over_call:
    call    called                  ; its distance becomes the return address
    inc     ax
called:
    mov     sp, bp
    show16  ax
    newline
    test_end

piece:
    inc     ax
    inc     ax
    ret
.far:
    add     ax, 0x100
    retf
.end:
    boot_signature
