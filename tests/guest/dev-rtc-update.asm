; SPDX-License-Identifier: GPL-3.0-or-later
; seconds: 60
; The bit that announces an update of the CMOS clock is clear at the beginning of a second, comes 244 us before the next, and goes
; when the second changes. A machine that is held up then sees the next one.

%include "test.inc"
%include "dev.inc"

    dev_begin
    catch   0x70, irq8
    in      al, PIC1 + 1
    and     al, 0xfb
    out     PIC1 + 1, al
    put     PIC2 + 1, 0xfe
    put     0x70, 0x0a
    put     0x71, 0x20              ; no periodic flag
    put     0x70, 0x0b
    put     0x71, 0x12              ; an interrupt at the end of each update
.again:
    mov     byte [ended], 0
.begin:
    sti
    hlt
    cli
    cmp     byte [ended], 0
    je      .begin
    call    updating
    setnz   bh
    mov     bp, [0x46c]
.most:                              ; sleeps for 17 ticks, 0.934 s
    sti
    hlt
    cli
    mov     ax, [0x46c]
    sub     ax, bp
    cmp     ax, 17
    jb      .most
    call    second
    mov     ah, al
.set:
    call    updating
    jnz     .announced
    call    second
    cmp     al, ah
    je      .set
    jmp     .again                  ; it was not seen
.announced:
    call    updating
    jnz     .announced
    note    bh
    call    second
    cmp     al, ah
    setne   al
    note    al
    tell    "update:"
    test_end

updating:
    put     0x70, 0x0a
    in      al, 0x71
    test    al, 0x80
    ret

second:
    put     0x70, 0x00
    in      al, 0x71
    ret

irq8:
    push    ax
    put     0x70, 0x0c
    in      al, 0x71
    mov     byte [ended], 1
    put     PIC2, EOI
    put     PIC1, EOI
    pop     ax
    iret

ended:
    db      0

    dev_end
