; SPDX-License-Identifier: GPL-3.0-or-later
;
; sleep: does nothing until a byte arrives on COM1. The interval timer is stopped and every interrupt but the UART's is
; masked, so that neither the guest nor the machine around it has any reason to wake.

%include "common.inc"

    descriptor "sleep"
start:
    enter_guest
    hook    VECTOR_COM1, serial_interrupt
    stop_timer
    stop_floppy_motor
    mask_irqs 0xef, 0xff        ; IRQ4 only
    open_uart
    announce ready, ready_end - ready
    sti
.sleep:
    hlt
    jmp     .sleep

    challenge_interrupt
    sender

ready:
    db      "mvm1 sleep", LF
ready_end:

    boot_signature
