; SPDX-License-Identifier: GPL-3.0-or-later
;
; touch: `sleep` that writes to KIB kilobytes of its memory before it announces itself (-DKIB=N, 1 to 512; 64). What a VM takes
; beyond one that has written nothing is what the memory of a guest costs a host. Each VM writes the same.

%include "common.inc"
%ifndef KIB
%define KIB 64
%endif

    descriptor "touch"
start:
    enter_guest
    hook    VECTOR_COM1, serial_interrupt
    stop_timer
    stop_floppy_motor
    mask_irqs 0xef, 0xff        ; IRQ4 only
    mov     bx, 0x1000          ; the segment of the first kilobyte: above the image and its stack
    mov     dx, KIB
.kilobyte:
    mov     es, bx
    xor     di, di
    mov     cx, 512
    mov     ax, bx              ; other words in each kilobyte, none of them 0
    rep stosw
    add     bx, 1024 / 16
    dec     dx
    jnz     .kilobyte
    open_uart
    announce ready, ready_end - ready
    sti
.sleep:
    hlt
    jmp     .sleep

    challenge_interrupt
    sender

ready:
    db      "mvm1 touch", LF
ready_end:

    boot_signature
