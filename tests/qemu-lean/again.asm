; SPDX-License-Identifier: GPL-3.0-or-later
;
; Says what `sleep` says, and resets the machine by the keyboard controller when a line has come.

%include "common.inc"

    jmp     start
    times 18 - ($ - $$) db 0
start:
    enter_guest
    stop_timer
    open_uart
    announce ready, ready_end - ready
.next:
    mov     dx, UART_LSR
    in      al, dx
    test    al, LSR_DR
    jz      .next
    low_port UART_DATA
    in      al, dx
    cmp     al, LF
    jne     .next
    mov     al, 0xfe            ; 8042: pulse the reset line
    out     0x64, al
.reset:
    jmp     .reset

ready:
    db      "mvm1 sleep", LF
ready_end:

    boot_signature
