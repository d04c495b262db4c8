; SPDX-License-Identifier: GPL-3.0-or-later
; Interrupts between the rounds of a REP: IP on the stack is that of the instruction with its prefixes, the registers count on from
; where they are, and all is moved in the end.

%include "test.inc"

    test_begin
    catch   8, timer
    mov     al, 0xfe
    out     0x21, al
    mov     al, 0x34                ; mode 2, about 0.25 ms
    out     0x43, al
    mov     al, 0x2c
    out     0x40, al
    mov     al, 0x01
    out     0x40, al
    mov     ax, 0x1000
    mov     fs, ax
    mov     ax, 0x2000
    mov     es, ax
again:
    xor     di, di
    xor     si, si
    mov     cx, 0xffff
    mov     [fs:0xfffe], di
    inc     byte [fs:0xfffe]
    sti
    nop                             ; QEMU holds them all through a REP that is right behind STI
repeated:
    db      0x64, 0xf3, 0xa4        ; FS REP MOVSB
    cli
    cmp     word [within], 3
    jb      again
    show16  cx
    show16  si
    show16  di
    show16  [es:0xfffe]
    show16  [inside]
    newline
    test_end

; Counts those that came within the instruction, and those that came elsewhere but behind STI.
timer:
    push    bp
    mov     bp, sp
    push    ax
    cmp     word [bp + 2], repeated
    jne     .other
    cmp     cx, 0xffff
    je      .other
    inc     word [within]
    jmp     .end
.other:
    mov     ax, [bp + 2]
    sub     ax, repeated
    cmp     ax, 3                   ; behind, or before
    jbe     .end
    or      [inside], ax
.end:
    mov     al, 0x20
    out     0x20, al
    pop     ax
    pop     bp
    iret

within:
    dw      0
inside:
    dw      0
    boot_signature
