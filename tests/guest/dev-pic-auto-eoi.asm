; SPDX-License-Identifier: GPL-3.0-or-later
; Automatic EOI: nothing is ever in service, so that a handler with interrupts on is interrupted even by lower requests.

%include "test.inc"
%include "dev.inc"

    dev_begin
    catch   0x29, irq1
    catch   0x2c, irq4
    put     PIC1, 0x11
    put     PIC1 + 1, 0x28
    put     PIC1 + 1, 0x04
    put     PIC1 + 1, 0x03
    put     PIC1 + 1, 0xed
    put     PIC1, 0x0b
    put     0x64, 0x60
    put     0x60, 0x65
    put     0x64, 0xd2
    put     0x60, 0x55
    sti
    settle
    cli
    get     PIC1
    tell    "order:"
    test_end

irq1:
    note    0xf1
    get     PIC1
    get     0x60
    put     UART + 4, 0x0b
    put     UART + 1, 0x02
    note    0x01
    sti
    settle
    note    0x02
    iret

irq4:
    note    0xf4
    get     PIC1
    get     UART + 2
    iret

    dev_end
