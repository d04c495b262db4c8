; SPDX-License-Identifier: GPL-3.0-or-later
; When a pending interrupt is taken: after the instruction behind STI (not behind an STI when IF was set already), at once
; after POPF and IRET, after the instruction behind MOV SS and POP SS, between rounds of a REP. The interrupt is the timer's,
; made pending while IF is clear; the handler keeps the distance of IP from a label.

%include "test.inc"

PIC     equ 0x20

%macro pending 0
    mov     bx, %%base
    call    make_pending
%%base:
%endmacro

    test_begin
    catch   8, timer
    mov     al, 0xfe
    out     0x21, al
    pending
    sti
    inc     ax
    inc     ax
    call    shown
    pending
    sti
    sti                             ; is itself behind the first one
    inc     ax
    call    shown
    pending
    sti
    cli                             ; leaves no gap
    nop
    sti
    cs nop
    nop
    call    shown
    pending
    push    word 0x202
    popf
    inc     ax
    call    shown
    pending
    push    word 0x202
    push    cs
    push    word iret_to
    iret
iret_to:
    inc     ax
    call    shown
    pending
    sti
    mov     cx, ss                  ; interrupts are possible behind this
    mov     ss, cx
    nop
    call    shown
    pending
    mov     cx, ss
    sti                             ; two shadows in a row
    mov     ss, cx
    nop
    nop
    call    shown
    pending
    push    ss
    sti
    pop     ss
    nop
    nop
    call    shown
    pending
    sti
    hlt
    nop
    call    shown
    newline
    test_end

; Waits until the timer's request is in the first 8259A.
make_pending:
    mov     word [seen], 0xffff
    mov     al, 0x30                ; mode 0: one rise, soon
    out     0x43, al
    mov     al, 50
    out     0x40, al
    mov     al, 0
    out     0x40, al
    mov     al, 0x0a                ; OCW3: read IRR
    out     PIC, al
.wait:
    in      al, PIC
    test    al, 1
    jz      .wait
    ret

shown:
    cli
    show16  [seen]
    ret

timer:
    push    bp
    mov     bp, sp
    push    ax
    mov     ax, [bp + 2]
    sub     ax, bx
    mov     [seen], ax
    mov     al, 0x20
    out     PIC, al
    pop     ax
    pop     bp
    iret

seen:
    dw      0
    boot_signature
