; SPDX-License-Identifier: GPL-3.0-or-later
;
; tick: `sleep` with the interval timer running. It is left as the BIOS set it, mode 3 or 2 with the longest count, 1193182 /
; 65536 = 18.2 interrupts a second, or set to another rate. Each interrupt wakes the guest and runs the BIOS's handler
; (int 08h). The difference between the two guests is what a timer interrupt costs a host.

%include "common.inc"

    descriptor "tick", settings, settings_end
start:
    enter_guest
    hook    VECTOR_COM1, serial_interrupt
    mask_irqs 0xee, 0xff        ; IRQ0 and IRQ4
    mov     bx, [settings.divisor]
    test    bx, bx
    jz      .announce
    mov     al, 0x34            ; channel 0: low byte, high byte; mode 2
    out     0x43, al
    mov     al, bl
    out     0x40, al
    mov     al, bh
    out     0x40, al
.announce:
    open_uart
    announce ready, ready_end - ready
    sti
.sleep:
    hlt
    jmp     .sleep

    challenge_interrupt
    sender

settings:
.divisor:       dw 0            ; of 1193182 Hz; 0: as the BIOS set it
settings_end:

ready:
    db      "mvm1 tick", LF
ready_end:

    boot_signature
