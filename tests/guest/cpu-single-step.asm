; SPDX-License-Identifier: GPL-3.0-or-later
; The trap flag: #DB after each instruction from the second one after POPF on; none after a load of SS, each round of a REP, none
; within INT n (which clears TF) nor after it until IRET restores it; the last one after the POPF that clears TF. IP on the
; stack is that of the next instruction. BS is set in DR6.

%include "test.inc"

    test_begin
    catch   1, step
    catch   0x60, called
    mov     eax, 0
    mov     dr6, eax
    mov     si, 0x1000
    mov     di, 0x1100
    mov     cx, 3
    mov     bx, log
    push    word 2
    push    word 0x0102
    popf
start:
    nop
    inc     ax
    rep     movsb
    push    ss
    pop     ss
    nop                             ; no trap before this one
    mov     ax, ss
    mov     ss, ax
    mov     dx, 1
    int     0x60
    cs nop
    jmp     short over
    hlt
over:
    popf
    nop
    nop
    mov     si, log
show:
    lodsb
    show8   al
    cmp     si, bx
    jne     show
    mov     eax, dr6
    show32  eax
    newline
    test_end

called:
    nop
    nop
    iret

; Keeps the IP as a distance from `start`.
step:
    push    bp
    mov     bp, sp
    push    ax
    mov     ax, [bp + 2]
    sub     ax, start
    mov     [bx], al
    inc     bx
    pop     ax
    pop     bp
    iret

log:
    times 40 db 0
    boot_signature
