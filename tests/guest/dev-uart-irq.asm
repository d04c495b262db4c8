; SPDX-License-Identifier: GPL-3.0-or-later
; IRQ4 of the 16550A: an edge for each byte that is sent, when the transmitter may interrupt, whether IIR is read or not; a text
; sent by its interrupts.

%include "test.inc"
%include "dev.inc"

    dev_begin
    catch   0x0c, irq4
    put     PIC1 + 1, 0xef
    put     UART + 4, 0x0b
    mov     byte [reads_iir], 1
    mov     si, text
    call    send
    mov     byte [reads_iir], 0
    mov     si, text
    call    send
    mov     di, NOTES
    note    [interrupts]
    tell    "interrupts:"
    test_end

send:
    put     UART + 1, 0x02
    sti
.wait:
    settle
    cmp     byte [si], 0
    jne     .wait
    settle
    cli
    put     UART + 1, 0x00
    ret

irq4:
    push    ax
    push    dx
    inc     byte [interrupts]
    cmp     byte [reads_iir], 0
    je      .no
    mov     dx, UART + 2
    in      al, dx
.no:
    cmp     byte [si], 0
    je      .end
    lodsb
    mov     dx, UART
    out     dx, al
.end:
    put     PIC1, EOI
    pop     dx
    pop     ax
    iret

text:
    db      "sent by interrupts", LF, 0
reads_iir:
    db      0
interrupts:
    db      0

    dev_end
