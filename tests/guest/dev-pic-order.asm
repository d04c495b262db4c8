; SPDX-License-Identifier: GPL-3.0-or-later
; Requests of IRQ0, IRQ1, IRQ4 and IRQ8 that wait for STI are served by priority: 0, 1, then the slave's, then 4. IRR and ISR of
; both controllers before, within and after.

%include "test.inc"
%include "dev.inc"

    dev_begin
    catch   0x08, irq0
    catch   0x09, irq1
    catch   0x0c, irq4
    catch   0x70, irq8
    put     PIC1 + 1, 0xff
    put     PIC2 + 1, 0xff
    put     0x43, 0x30              ; the timer: once, soon
    put     0x40, 0x40
    put     0x40, 0x00
    put     0x64, 0xd2              ; a byte as if from the keyboard
    put     0x60, 0x77
    put     UART + 4, 0x0b          ; OUT2
    put     UART + 1, 0x02          ; the transmitter is empty
    put     0x70, 0x0a              ; 1024 periodic interrupts a second
    put     0x71, 0x26
    put     0x70, 0x0b
    put     0x71, 0x42
.wait:
    in      al, PIC2                ; IRR
    test    al, 1
    jz      .wait
.wait0:
    in      al, PIC1
    test    al, 1
    jz      .wait0
    get     PIC1
    get     PIC2
    put     PIC2 + 1, 0xfe          ; now the master sees the slave's
    get     PIC1
    tell    "irr"
    put     PIC1 + 1, 0xe8
    sti
    settle
    cli
    get     PIC1
    get     PIC2
    mov     ah, 0x0b
    call    both
    tell    "served"
    test_end

irq0:
    note    0xf0
    jmp     served
irq1:
    note    0xf1
    get     0x60
    jmp     served
irq4:
    note    0xf4
    mov     dx, UART + 2
    in      al, dx
    stosb
    jmp     served
irq8:
    note    0xf8
    put     0x70, 0x0b              ; no more of them
    put     0x71, 0x02
    put     0x70, 0x0c
    in      al, 0x71
served:
    mov     ah, 0x0b
    call    both
    mov     al, EOI
    out     PIC2, al
    out     PIC1, al
    mov     ah, 0x0a
    call    both
    iret

; The register that OCW3 in AH chooses, of both. IRR is left chosen.
both:
    mov     al, ah
    out     PIC1, al
    out     PIC2, al
    get     PIC1
    get     PIC2
    mov     al, 0x0a
    out     PIC1, al
    out     PIC2, al
    ret

    dev_end
