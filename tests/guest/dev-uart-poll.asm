; SPDX-License-Identifier: GPL-3.0-or-later
; input: polled bytes, without FIFO and without interrupts\n
; Bytes from outside by polling LSR, without FIFO; and LSR between them.

%include "test.inc"
%include "dev.inc"

    dev_begin
    put     UART + 2, 0x00
    put     UART + 1, 0x00
    say     "ready", LF
    mov     bl, 0xff
.next:
    mov     dx, UART + 5
.wait:
    in      al, dx
    and     bl, al                  ; the transmitter is never busy when the receiver is looked at
    test    al, 1
    jz      .wait
    mov     dx, UART
    in      al, dx
    out     dx, al
    cmp     al, LF
    jne     .next
    and     bl, 0x1e                ; errors
    note    bl
    get     UART + 5
    tell    "errors:"
    test_end

    dev_end
