; SPDX-License-Identifier: GPL-3.0-or-later
; IRQ1: comes for each byte, also for the second of an answer once the first is read; not when the command byte forbids it, and
; then at once when it allows it.

%include "test.inc"
%include "dev.inc"

    dev_begin
    catch   0x09, irq1
    put     PIC1 + 1, 0xfd
    put     0x64, 0x60
    put     0x60, 0x45
    sti
    put     0x60, 0xf2              ; three bytes
.three:
    settle
    cmp     di, NOTES + 6
    jb      .three
    tell    "answer:"
    put     0x64, 0x60
    put     0x60, 0x44              ; no interrupt
    put     0x64, 0xd2
    put     0x60, 0x77
    settle
    note    0x00
    put     0x64, 0x60
    put     0x60, 0x45
    settle
    note    0x01
    put     0x64, 0xd2
    put     0x60, 0x78
    settle
    cli
    tell    "forbidden, allowed:"
    test_end

irq1:
    note    0xf1
    get     0x60
    put     PIC1, EOI
    iret

    dev_end
