; SPDX-License-Identifier: GPL-3.0-or-later
;
; puppet: sleeps, answers challenges, and does what it is told, so that a population of one image can hold any mixture of
; guests. Lines on COM1:
;
;   ?NONCE      a challenge, answered as all guests do
;   :HEX        code, in lower-case digits: "ok" is answered, and the code called at 8000h, interrupts on, segments 0
;   =           answered with the eight digits of the double word at 7000h

%include "common.inc"

    cpu 386

CODE            equ 0x8000
COUNTER         equ 0x7000
LINE_START      equ 0
LINE_CHALLENGE  equ 1
LINE_CODE       equ 2
LINE_OTHER      equ 3
NO_DIGIT        equ 0xff

    descriptor "puppet"
start:
    enter_guest
    hook    VECTOR_COM1, serial_interrupt
    mov     [COUNTER], eax
    stop_timer
    mask_irqs 0xef, 0xff        ; IRQ4 only
    open_uart
    announce ready, ready_end - ready
sleep:
    cli
    cmp     byte [go], 0
    jne     .go
    sti                         ; no interrupt comes between the two
    hlt
    jmp     sleep
.go:
    mov     byte [go], 0
    sti
    call    CODE
    jmp     sleep

serial_interrupt:
    pusha
    push    ds
    push    0
    pop     ds
.next:
    mov     dx, UART_LSR
    in      al, dx
    test    al, LSR_DR
    jz      .empty
    low_port UART_DATA
    in      al, dx
    call    receive
    jmp     .next
.empty:
    mov     al, PIC_EOI
    out     PIC1_COMMAND, al
    pop     ds
    popa
    iret

receive:
    cmp     al, LF
    je      .end
    mov     ah, 0
    cmp     byte [line], LINE_CHALLENGE
    je      .nonce
    ja      .digit
    mov     byte [line], LINE_OTHER
    cmp     al, '='
    je      .counter
    cmp     al, ':'
    je      .code
    cmp     al, '?'
    jne     .done
    mov     byte [line], LINE_CHALLENGE
    mov     word [state], CHALLENGE_SEED
    mov     al, '!'
    jmp     send
.code:
    mov     byte [line], LINE_CODE
    mov     word [place], CODE
    mov     byte [high], NO_DIGIT
    ret
.nonce:
    mov     bx, [state]
    nonce_step
    mov     [state], bx
    jmp     send
.digit:
    cmp     byte [line], LINE_CODE
    jne     .done
    sub     al, '0'
    cmp     al, 10
    jb      .decimal
    sub     al, 'a' - '0' - 10
.decimal:
    mov     bl, [high]
    cmp     bl, NO_DIGIT
    mov     [high], al
    je      .done
    shl     bl, 4
    or      al, bl
    mov     bx, [place]
    mov     [bx], al
    inc     word [place]
    mov     byte [high], NO_DIGIT
.done:
    ret
.counter:
    mov     edi, [COUNTER]
    mov     cx, 8
.show:
    rol     edi, 4
    mov     ax, di
    and     al, 15
    cmp     al, 10
    sbb     al, 0x69
    das                         ; 0 to 9 became '0' to '9', 10 to 15 'A' to 'F'
    or      al, 0x20
    call    send
    loop    .show
    ret
.end:
    mov     bl, [line]
    mov     byte [line], LINE_START
    cmp     bl, LINE_CODE
    jne     .not_code
    mov     byte [go], 1
    mov     al, 'o'
    call    send
    mov     al, 'k'
    call    send
    mov     al, LF
.not_code:
    cmp     bl, LINE_START
    je      .done
    jmp     send                ; AL is the line feed

    sender

line:           db LINE_START
go:             db 0
high:           db NO_DIGIT       ; the first digit of a byte
state:          dw 0
place:          dw CODE

ready:
    db      "mvm1 puppet", LF
ready_end:

    boot_signature
