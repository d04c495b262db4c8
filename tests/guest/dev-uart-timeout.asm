; SPDX-License-Identifier: GPL-3.0-or-later
; The character time-out of the 16550A, in loopback: below the trigger, and some time later; reading ends it; what is left times
; out again; it is not without FIFO, and not without the data interrupt.

%include "test.inc"
%include "dev.inc"

    dev_begin
    put     UART + 3, 0x83          ; 1200 baud: four characters are 33 ms
    put     UART + 0, 96
    put     UART + 1, 0
    put     UART + 3, 0x03
    put     UART + 1, 0x01
    put     UART + 2, 0x87          ; trigger at 8
    put     UART + 4, 0x10
    put     UART, 0x55
    put     UART, 0x66
    call    wait_for_it
    note    al
    get     UART + 2
    get     UART
    call    wait_for_it
    note    al
    put     UART, 0x77              ; does not end it
    get     UART + 2
    get     UART
    get     UART
    get     UART + 2
    put     UART + 4, 0x0b
    put     UART + 1, 0x00
    tell    "time-out:"
    put     UART + 4, 0x10
    put     UART, 0x88
    delay   60000
    get     UART + 2
    get     UART
    put     UART + 2, 0x00
    put     UART + 1, 0x01
    put     UART, 0x99
    delay   60000
    get     UART + 2
    get     UART
    get     UART + 2
    put     UART + 4, 0x0b
    put     UART + 1, 0x00
    tell    "none:"
    test_end

; AL is IIR when it tells of something, and AH of nothing before that.
wait_for_it:
    mov     dx, UART + 2
.next:
    in      al, dx
    test    al, 1
    jnz     .next
    ret

    dev_end
