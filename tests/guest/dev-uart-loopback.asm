; SPDX-License-Identifier: GPL-3.0-or-later
; Loopback of the 16550A, without FIFO: bytes come back, overrun, and how IIR and LSR tell of it; nothing of it is on the line.

%include "test.inc"
%include "dev.inc"

    dev_begin
    put     UART + 2, 0x00
    put     UART + 4, 0x10
    get     UART + 5
    mov     cx, 4
    mov     ah, 0x3e
.next:
    put     UART, ah
    get     UART + 5
    get     UART
    get     UART + 5
    rol     ah, 1
    loop    .next
    put     UART + 4, 0x0b
    tell    "back:"
    put     UART + 4, 0x10
    put     UART + 1, 0x05          ; data and line status
    get     UART + 2
    put     UART, 0x11
    get     UART + 2
    put     UART, 0x22              ; overrun
    get     UART + 2
    get     UART + 5
    get     UART + 2
    get     UART + 5
    get     UART
    get     UART + 2
    get     UART + 5
    put     UART + 1, 0x00
    put     UART + 4, 0x0b
    tell    "overrun:"
    put     UART + 4, 0x10
    put     UART, 0x33
    put     UART + 4, 0x0b          ; what was received stays
    get     UART + 5
    get     UART
    get     UART + 5
    tell    "kept:"
    test_end

    dev_end
