; SPDX-License-Identifier: GPL-3.0-or-later
; The slave on IRQ2: its request in service on both; the EOI of both; a lower one of the master waits, a higher one does not; the
; slave remapped.

%include "test.inc"
%include "dev.inc"

    dev_begin
    catch   0x50, irq8
    catch   0x09, irq1
    catch   0x0c, irq4
    put     PIC2, 0x11
    get     PIC2 + 1
    put     PIC2 + 1, 0x57          ; low bits do not count
    put     PIC2 + 1, 0x02
    put     PIC2 + 1, 0x01
    put     PIC2 + 1, 0xfe
    put     PIC1 + 1, 0xe9
    put     0x64, 0x60
    put     0x60, 0x65
    put     0x70, 0x0b
    put     0x71, 0x42
.wait:
    in      al, PIC1
    and     al, 4
    jz      .wait
    note    al
    sti
    settle
    cli
    put     0x70, 0x0b
    put     0x71, 0x02
    call    in_service
    tell    "order:"
    test_end

in_service:
    put     PIC1, 0x0b
    out     PIC2, al
    get     PIC1
    get     PIC2
    put     PIC1, 0x0a
    out     PIC2, al
    ret

irq8:
    note    0xf8
    call    in_service
    put     0x64, 0xd2
    put     0x60, 0x55              ; IRQ1 asks
    put     UART + 4, 0x0b
    put     UART + 1, 0x02          ; IRQ4 asks
    sti
    settle
    note    0x01
    cli
    put     PIC2, EOI
    call    in_service
    sti
    settle
    note    0x02
    put     PIC1, EOI
    settle
    note    0x03
    iret

irq1:
    note    0xf1
    call    in_service
    in      al, 0x60
    put     PIC1, EOI
    iret

irq4:
    note    0xf4
    get     UART + 2
    call    in_service
    put     PIC1, EOI
    iret

    dev_end
