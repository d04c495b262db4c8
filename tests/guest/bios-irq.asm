; SPDX-License-Identifier: GPL-3.0-or-later
; Interrupts of devices that nobody handles are acknowledged by the BIOS: the UART's on IRQ4, and the controllers are left with
; nothing in service, so that the tick goes on.

%include "test.inc"

    test_begin
    in      al, 0x21
    and     al, 0xef
    out     0x21, al
    mov     dx, UART + 4
    mov     al, 0x0b                ; OUT2
    out     dx, al
    mov     bx, 3
.again:
    mov     dx, UART + 1
    mov     al, 0x02                ; the transmitter is empty
    out     dx, al
    sti
    nop
    nop
    nop
    mov     cx, 100                 ; a little time
.wait:
    in      al, 0x61
    loop    .wait
    cli
    mov     dx, UART + 1
    mov     al, 0
    out     dx, al
    inc     dx
    in      al, dx
    call    state
    dec     bx
    jnz     .again
    mov     bx, [0x46c]
    sti
.tick:
    hlt
    mov     ax, [0x46c]
    sub     ax, bx
    cmp     ax, 2
    jb      .tick
    cli
    show16  ax
    newline
    int     0x0c                    ; without an interrupt
    int     0x0f
    int     0x70
    int     0x77
    call    state
    in      al, 0x20                ; the requests, as before
    and     al, 0x10
    show8   al
    newline
    test_end

state:
    mov     al, 0x0b
    out     0x20, al
    out     0xa0, al
    in      al, 0x20
    show8   al
    in      al, 0xa0
    show8   al
    mov     al, 0x0a
    out     0x20, al
    out     0xa0, al
    newline
    ret

    boot_signature
