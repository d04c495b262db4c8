; SPDX-License-Identifier: GPL-3.0-or-later
; The poll command: the next read tells who asks, and puts it in service, without the CPU.

%include "test.inc"
%include "dev.inc"

    dev_begin
    put     PIC1 + 1, 0xff
    put     PIC2 + 1, 0xff
    put     UART + 4, 0x0b
    put     UART + 1, 0x02          ; IRQ4 asks
    call    poll                    ; masked
    put     PIC1 + 1, 0xe9          ; IRQ1, IRQ2, IRQ4
    call    poll
    put     PIC1, 0x0b
    get     PIC1
    call    poll                    ; nobody asks
    put     0x64, 0x60
    put     0x60, 0x65
    put     0x64, 0xd2
    put     0x60, 0x55              ; IRQ1 asks
    put     PIC1, 0x0c
    get     PIC1 + 1                ; by the other port, too
    get     PIC1 + 1
    get     PIC1
    tell    "master:"
    put     PIC1, EOI
    put     PIC1, EOI
    put     0x70, 0x0b
    put     0x71, 0x42
.wait:
    in      al, PIC2
    test    al, 1
    jz      .wait
    put     PIC2 + 1, 0xfe
    call    poll                    ; the slave asks the master
    put     PIC2, 0x0c
    get     PIC2
    put     PIC2, 0x0b
    get     PIC2
    put     PIC1, 0x0b
    get     PIC1
    tell    "slave:"
    put     PIC1, 0x0f              ; poll and read: poll
    get     PIC1
    get     PIC1
    tell    "both:"
    test_end

poll:
    put     PIC1, 0x0c
    get     PIC1
    ret

    dev_end
