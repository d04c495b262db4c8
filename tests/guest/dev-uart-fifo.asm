; SPDX-License-Identifier: GPL-3.0-or-later
; FIFOs of the 16550A, in loopback: sixteen bytes in order, overrun, the four trigger levels, reset, switching on and off.

%include "test.inc"
%include "dev.inc"

    dev_begin
    put     UART + 1, 0x01
    mov     bl, 0x07                ; trigger at 1, 4, 8, 14
.level:
    put     UART + 4, 0x10
    put     UART + 2, bl
    mov     cx, 16
    mov     ah, 0
.fill:
    inc     ah
    put     UART, ah
    mov     dx, UART + 2
    in      al, dx
    cmp     al, 0xc4                ; data, at the trigger
    je      .reached
    loop    .fill
.reached:
    note    ah
    get     UART                    ; one below it again
    mov     dx, UART + 2
    in      al, dx
    cmp     al, 0xc4
    setne   al
    note    al
    add     bl, 0x40
    jnc     .level
    put     UART + 4, 0x0b
    tell    "levels:"
    put     UART + 1, 0x04
    put     UART + 4, 0x10
    put     UART + 2, 0x07
    mov     cx, 17
    mov     ah, 0x10
.seventeen:
    put     UART, ah
    inc     ah
    loop    .seventeen
    get     UART + 2
    get     UART + 5
    get     UART + 5
    mov     cx, 16
.empty:
    get     UART
    loop    .empty
    get     UART + 5
    get     UART + 2
    put     UART + 4, 0x0b
    put     UART + 1, 0x00
    tell    "order:"
    put     UART + 4, 0x10
    put     UART, 0x41
    put     UART + 2, 0x05          ; the transmitter's reset
    get     UART + 5
    put     UART + 2, 0x03          ; the receiver's
    get     UART + 5
    put     UART, 0x42
    put     UART + 2, 0x00          ; off
    get     UART + 5
    get     UART + 2
    put     UART, 0x43
    put     UART + 2, 0x01          ; on
    get     UART + 5
    put     UART + 4, 0x0b
    tell    "reset:"
    test_end

    dev_end
