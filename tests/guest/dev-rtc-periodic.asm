; SPDX-License-Identifier: GPL-3.0-or-later
; Periodic interrupts on IRQ8: register C tells of it and takes the request back; unread, no other comes. Four times the rate
; brings more of them in the same time.
; lab-qemu: its timer does not bring 256 interrupts a second there

%include "test.inc"
%include "dev.inc"

    dev_begin
    catch   0x70, irq8
    put     PIC1 + 1, 0xfb
    put     PIC2 + 1, 0xfe
    put     0x70, 0x0a
    put     0x71, 0x2a              ; 64 a second
    put     0x70, 0x0b
    put     0x71, 0x42
    sti
    mov     bl, 1                   ; the handler does not read C
    delay   50000
    delay   50000
    cli
    tell    "unread:"
    call    read_c
    note    al
    call    read_c
    and     al, 0x80
    note    al
    tell    "read:"
    mov     bl, 0
    mov     byte [count], 0
    sti
    call    some_time
    cli
    mov     bh, [count]
    put     0x70, 0x0a
    put     0x71, 0x28              ; 256 a second
    mov     byte [count], 0
    sti
    call    some_time
    cli
    mov     al, [count]
    shr     al, 1                   ; more than twice as many
    cmp     al, bh
    seta    al
    note    al
    cmp     bh, 4                   ; 16 in 0.25 s; a machine that is held up has fewer
    setae   al
    note    al
    put     0x70, 0x0b
    put     0x71, 0x02
    mov     byte [count], 0
    sti
    delay   50000
    cli
    note    [count]
    tell    "rates:"
    test_end

some_time:
    mov     cx, 5
.next:
    delay   60000
    loop    .next
    ret

read_c:
    put     0x70, 0x0c
    in      al, 0x71
    ret

irq8:
    push    ax
    inc     byte [count]
    cmp     bl, 1
    je      .unread
    call    read_c
    jmp     .end
.unread:
    note    0xf8
.end:
    put     PIC2, EOI
    put     PIC1, EOI
    pop     ax
    iret

count:
    db      0

    dev_end
