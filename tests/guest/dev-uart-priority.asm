; SPDX-License-Identifier: GPL-3.0-or-later
; The interrupts of the 16550A, all pending at once, are told in order: line status, data, transmitter, modem. What takes each
; back, and that allowing the transmitter's again asks again.
;
; judge: datasheet. QEMU makes no deltas of the lines in loopback (PC16550D, "Modem Status Register")
; qemu: order: 06 63 04 22 02 01 00 01
; right: order: 06 63 04 22 02 00 0b 01

%include "test.inc"
%include "dev.inc"

    dev_begin
    put     UART + 2, 0x00
    put     UART + 4, 0x10
    mov     dx, UART + 6
    in      al, dx
    put     UART + 4, 0x1b
    put     UART + 4, 0x10
    put     UART, 0x11
    put     UART, 0x22
    put     UART + 1, 0x0f
    get     UART + 2
    get     UART + 5
    get     UART + 2
    get     UART
    get     UART + 2
    get     UART + 2
    get     UART + 6
    get     UART + 2
    put     UART + 4, 0x0b
    put     UART + 1, 0x00
    tell    "order:"
    put     UART + 1, 0x02
    get     UART + 2
    get     UART + 2
    put     UART + 1, 0x02
    get     UART + 2
    put     UART + 1, 0x00
    put     UART + 1, 0x02
    put     UART + 1, 0x03
    get     UART + 2
    get     UART + 2
    put     UART + 1, 0x00
    put     UART + 1, 0x02
    put     UART + 1, 0x01
    get     UART + 2
    put     UART + 1, 0x00
    tell    "transmitter:"
    test_end

    dev_end
