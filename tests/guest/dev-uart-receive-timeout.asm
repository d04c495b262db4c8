; SPDX-License-Identifier: GPL-3.0-or-later
; input: abcde
; Bytes from outside with the trigger at 14: they stay below it, and come by the character time-out.
; lab-qemu: QEMU's clock is the laboratory's, and time is over there before the guest has looked

%include "test.inc"
%include "dev.inc"

    dev_begin
    catch   0x0c, irq4
    put     UART + 3, 0x83
    put     UART + 0, 12            ; 9600 baud: 4 ms
    put     UART + 1, 0
    put     UART + 3, 0x03
    put     UART + 2, 0xc7
    put     UART + 4, 0x0b
    put     UART + 1, 0x01
    put     PIC1 + 1, 0xef
    say     "ready", LF
.sleep:
    sti
    hlt
    cli
    cmp     di, NOTES + 5
    jb      .sleep
    mov     di, NOTES
    mov     cx, 5
.next:
    mov     al, [di]
    inc     di
    out     dx, al
    loop    .next
    newline
    mov     di, NOTES
    cmp     byte [timeouts], 1
    setae   al
    note    al
    tell    "time-outs:"
    test_end

irq4:
    mov     dx, UART + 2
    in      al, dx
    cmp     al, 0xcc
    jne     .data
    inc     byte [timeouts]
.data:
    mov     dx, UART + 5
    in      al, dx
    test    al, 1
    jz      .empty
    get     UART
    jmp     .data
.empty:
    put     PIC1, EOI
    mov     dx, UART
    iret

timeouts:
    db      0

    dev_end
