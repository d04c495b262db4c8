; SPDX-License-Identifier: GPL-3.0-or-later
; The 16550A's registers: scratch, the divisor under DLAB, which bits of IER, LCR and MCR are there, LSR and IIR of an idle port;
; IIR's FIFO bits.

%include "test.inc"
%include "dev.inc"

    dev_begin
    put     UART + 7, 0x5a
    get     UART + 7
    put     UART + 7, 0xa5
    get     UART + 7
    tell    "scratch:"
    put     UART + 3, 0x83
    put     UART + 0, 0x34
    put     UART + 1, 0x12
    get     UART + 0
    get     UART + 1
    put     UART + 3, 0x03
    get     UART + 1                ; IER
    put     UART + 3, 0x83
    get     UART + 0
    get     UART + 1
    put     UART + 0, 0x01
    put     UART + 1, 0x00
    put     UART + 3, 0x03
    tell    "divisor:"
    put     UART + 1, 0xff
    get     UART + 1
    put     UART + 1, 0x00
    get     UART + 1
    put     UART + 3, 0x5b
    get     UART + 3
    put     UART + 3, 0x03
    get     UART + 3
    put     UART + 4, 0xef
    get     UART + 4
    put     UART + 4, 0x0b
    get     UART + 4
    tell    "bits:"
    get     UART + 5
    get     UART + 2
    put     UART + 2, 0x01
    get     UART + 2
    put     UART + 2, 0xc7
    get     UART + 2
    put     UART + 2, 0x00
    get     UART + 2
    tell    "idle:"
    test_end

    dev_end
