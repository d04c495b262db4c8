; SPDX-License-Identifier: GPL-3.0-or-later
; Initialisation of the 8259A: other vectors, masks cleared by ICW1, with ICW3 and ICW4 and without; a request that waits is
; forgotten; vectors' low bits are the input's.

%include "test.inc"
%include "dev.inc"

; The request is IRQ4's: the UART's empty transmitter.
    dev_begin
    catch   0x24, at_24
    catch   0x2c, at_2c
    put     PIC1 + 1, 0xff
    get     PIC1 + 1
    put     PIC1, 0x11
    get     PIC1 + 1                ; masks none, though the words are not complete
    put     PIC1 + 1, 0x20
    put     PIC1 + 1, 0x04
    put     PIC1 + 1, 0x01
    get     PIC1 + 1
    put     PIC1 + 1, 0xef
    get     PIC1 + 1
    call    request
    tell    "at 20h:"
    put     PIC1, 0x11              ; low bits of the vector do not count
    put     PIC1 + 1, 0x2d
    put     PIC1 + 1, 0x04
    put     PIC1 + 1, 0x01
    put     PIC1 + 1, 0xef
    call    request
    tell    "at 2dh:"
    put     PIC1, 0x13              ; alone: no ICW3
    put     PIC1 + 1, 0x28
    put     PIC1 + 1, 0x01
    put     PIC1 + 1, 0xef
    get     PIC1 + 1
    call    request
    tell    "single:"
    put     PIC1, 0x12              ; nor ICW4
    put     PIC1 + 1, 0x20
    put     PIC1 + 1, 0xef
    get     PIC1 + 1
    call    request
    tell    "no icw4:"
    put     PIC1, 0x10              ; cascaded without ICW4
    put     PIC1 + 1, 0x28
    put     PIC1 + 1, 0x04
    put     PIC1 + 1, 0xef
    get     PIC1 + 1
    call    request
    tell    "cascaded:"
    put     PIC1 + 1, 0xff
    call    ask
    put     PIC1, 0x0a
    in      al, PIC1
    and     al, 0x10
    note    al
    put     PIC1, 0x11              ; forgets the request
    in      al, PIC1
    and     al, 0x10
    note    al
    put     PIC1 + 1, 0x20
    put     PIC1 + 1, 0x04
    put     PIC1 + 1, 0x01
    put     PIC1 + 1, 0xef
    sti
    settle
    cli
    tell    "forgotten:"
    test_end

; An edge on IRQ4.
ask:
    put     UART + 4, 0x0b
    mov     dx, UART + 1
    mov     al, 0
    out     dx, al
    mov     al, 2
    out     dx, al
    ret

request:
    call    ask
    sti
    settle
    cli
    ret

at_24:
    note    0x24
    jmp     served
at_2c:
    note    0x2c
served:
    put     PIC1, EOI
    iret

    dev_end
