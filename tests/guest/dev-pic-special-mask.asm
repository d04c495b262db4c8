; SPDX-License-Identifier: GPL-3.0-or-later
; Special mask mode: within the handler of IRQ1, IRQ1 masked lets IRQ4 through. The plain EOI does not end a masked one in that
; mode.
;
; judge: datasheet. QEMU's plain EOI takes no notice of the masks (Intel 231468, "Special Mask Mode")
; qemu: end: 12 10 00 00
; right: end: 12 02 02 00

%include "test.inc"
%include "dev.inc"

    dev_begin
    catch   0x09, irq1
    catch   0x0c, irq4
    put     PIC1 + 1, 0xed
    put     0x64, 0x60
    put     0x60, 0x65
    put     UART + 4, 0x0b
    put     0x64, 0xd2
    put     0x60, 0x55
    sti
    settle
    cli
    put     PIC1, 0x0b
    get     PIC1
    tell    "left:"
    test_end

irq1:
    in      al, 0x60
    sti
    put     UART + 1, 0x02          ; IRQ4 asks
    settle
    note    0x01
    put     PIC1 + 1, 0xef          ; IRQ1 masked
    settle
    note    0x02
    put     PIC1, 0x28              ; the enabling bit is not there
    settle
    note    0x03
    put     PIC1, 0x68              ; special mask
    put     PIC1 + 1, 0xef          ; QEMU looks who may interrupt only when it is told of a change
    settle
    note    0x04
    put     PIC1, 0x08              ; the enabling bit is not there: it stays
    cli
    tell    "order:"
    put     PIC1, 0x0b
    get     PIC1
    put     PIC1, EOI
    get     PIC1
    put     PIC1, EOI
    get     PIC1
    put     PIC1, 0x61
    put     PIC1, 0x64
    get     PIC1
    tell    "end:"
    put     PIC1, 0x48              ; normal mask mode
    iret

irq4:
    note    0xf4
    mov     dx, UART + 2
    in      al, dx
    put     PIC1, 0x0b
    get     PIC1
    iret                            ; still in service

    dev_end
