; SPDX-License-Identifier: GPL-3.0-or-later
; input: The quick brown fox jumps over the lazy dog, and so on for more than sixteen bytes.!
; Bytes from outside by IRQ4 with FIFO, as the guests of this program take them, each echoed; the guest sleeps in between.

%include "test.inc"
%include "dev.inc"

    dev_begin
    catch   0x0c, irq4
    put     UART + 3, 0x83
    put     UART + 0, 1
    put     UART + 1, 0
    put     UART + 3, 0x03
    put     UART + 2, 0x07
    put     UART + 4, 0x0b
    put     UART + 1, 0x01
    put     PIC1 + 1, 0xef
    say     "ready", LF
.sleep:
    sti
    hlt
    cli
    cmp     byte [last], '!'
    jne     .sleep
    newline
    get     UART + 5
    get     UART + 2
    put     PIC1, 0x0b
    get     PIC1
    tell    "after:"
    test_end

irq4:
    mov     dx, UART + 5
    in      al, dx
    test    al, 1
    jz      .empty
    mov     dx, UART
    in      al, dx
    mov     [last], al
    out     dx, al
    jmp     irq4
.empty:
    put     PIC1, EOI
    iret

last:
    db      0

    dev_end
