; SPDX-License-Identifier: GPL-3.0-or-later
; Edge and level: with the UART's request held up, IRQ4 as an edge comes once, and as a level after each EOI until the request
; is taken back. The registers that choose, and which inputs are edges for ever.

%include "test.inc"
%include "dev.inc"

    dev_begin
    catch   0x0c, irq4
    get     0x4d0
    get     0x4d1
    put     0x4d0, 0xff
    put     0x4d1, 0xff
    get     0x4d0
    get     0x4d1
    put     0x4d0, 0x00
    put     0x4d1, 0x00
    tell    "choice:"
    put     PIC1 + 1, 0xef
    put     UART + 4, 0x0b
    put     UART + 1, 0x02
    sti
    settle
    settle
    cli
    tell    "edge:"
    put     UART + 1, 0x00
    put     0x4d0, 0x10
    get     0x4d0
    put     UART + 1, 0x02
    sti
    settle
    settle
    settle
    settle
    cli
    put     PIC1, 0x0b
    get     PIC1
    put     PIC1, 0x0a
    in      al, PIC1
    and     al, 0x10
    note    al
    tell    "level:"
    put     UART + 1, 0x00
    put     UART + 1, 0x02          ; asks again
    in      al, PIC1
    and     al, 0x10
    note    al
    put     UART + 1, 0x00          ; and takes it back
    in      al, PIC1
    and     al, 0x10
    note    al
    sti
    settle
    cli
    tell    "taken back:"
    test_end

irq4:
    note    0xf4
    dec     byte [count]
    jnz     .on
    in      al, dx
    get     UART + 2                ; the third takes the request back
.on:
    put     PIC1, EOI
    iret

count:
    db      4                       ; one of them by the edge

    dev_end
