; SPDX-License-Identifier: GPL-3.0-or-later
;
; one-byte: answers every byte with a line feed, in as few instructions as can be: what waking a VM costs by itself.

%include "common.inc"

    descriptor "onebyte"
start:
    enter_guest
    hook    VECTOR_COM1, serial_interrupt
    stop_timer
    mask_irqs 0xef, 0xff        ; IRQ4 only
    open_uart
    announce ready, ready_end - ready
    sti
.sleep:
    hlt                         ; DX stays at UART_DATA: nothing else runs here
    jmp     .sleep

serial_interrupt:
    in      al, dx
    mov     al, LF
    out     dx, al
    mov     al, PIC_EOI
    out     PIC1_COMMAND, al
    iret

ready:
    db      "mvm1 onebyte", LF
ready_end:

    boot_signature
