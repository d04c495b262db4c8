; SPDX-License-Identifier: GPL-3.0-or-later
;
; tick: `sleep` with the interval timer left as the BIOS set it: mode 3 or 2 with the longest count, 1193182 / 65536 =
; 18.2 interrupts a second, each of which wakes the guest and runs the BIOS's handler (int 08h). The difference between
; the two guests is what a timer interrupt costs a host.

%include "common.inc"

    descriptor "tick"
start:
    enter_guest
    hook    VECTOR_COM1, serial_interrupt
    mask_irqs 0xee, 0xff        ; IRQ0 and IRQ4
    open_uart
    announce ready, ready_end - ready
    sti
.sleep:
    hlt
    jmp     .sleep

    challenge_interrupt
    sender

ready:
    db      "mvm1 tick", LF
ready_end:

    boot_signature
