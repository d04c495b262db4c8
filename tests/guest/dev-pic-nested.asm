; SPDX-License-Identifier: GPL-3.0-or-later
; Within the handler of IRQ4, with interrupts on: a higher request interrupts it, a lower one and its own wait for the EOI.
; EOIs that are specific end the one that they name.

%include "test.inc"
%include "dev.inc"

    dev_begin
    catch   0x09, irq1
    catch   0x0c, irq4
    put     PIC1 + 1, 0xed          ; IRQ1 and IRQ4
    put     PIC2 + 1, 0xff
    put     0x64, 0x60
    put     0x60, 0x65              ; the keyboard controller may interrupt
    call    ask4
    sti
    settle
    cli
    tell    "order:"
    put     PIC1, 0x0b
    get     PIC1
    tell    "left:"
    test_end

ask1:
    put     0x64, 0xd2
    put     0x60, 0x55
    ret

ask4:
    put     UART + 4, 0x0b
    mov     dx, UART + 1
    mov     al, 0
    out     dx, al
    mov     al, 2
    out     dx, al
    ret

in_service:
    put     PIC1, 0x0b
    get     PIC1
    ret

irq4:
    note    0xf4
    call    in_service
    dec     byte [turns]
    jz      .second
    sti
    note    0x01
    call    ask1                    ; interrupts at once
    settle
    note    0x02
    call    ask4                    ; waits
    settle
    note    0x03
    cli
    put     PIC1, 0x61              ; specific, of IRQ1, which is not in service
    call    in_service
    put     PIC1, 0x64              ; of IRQ4
    call    in_service
    note    0x04
    sti
    settle                             ; the one that waited
    note    0x05
    cli
    iret
.second:
    call    ask1                    ; waits for IF
    note    0x06
    put     PIC1, EOI
    sti
    settle
    cli
    note    0x07
    iret

irq1:
    note    0xf1
    call    in_service
    get     0x60
    put     PIC1, EOI               ; of the highest in service
    call    in_service
    iret

turns:
    db      2

    dev_end
