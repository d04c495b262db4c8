; SPDX-License-Identifier: GPL-3.0-or-later
;
; web: a web server on COM1. It takes HTTP/1.x requests of any length, one after the other on one connection, looks their
; path up in a table in this sector and answers. Challenges are answered at the start of any line, also among the
; headers of a request, where no header can begin with '?'.
;
; Assembled twice: as it is, and with WORK defined as the image that also burns CPU before each answer. What the loop
; for it takes, the routes of the other image can have.
;
; Interrupts are on only while the guest halts, and the handler does nothing but end the interrupt: bytes are fetched
; where the text needs them. While an answer is being made the UART is not read: what arrives waits in its FIFO and then
; in the sender.

%include "common.inc"

PATH_LENGTH     equ 0x7f00      ; one byte, followed by the path: the form that paths have in the table
PATH            equ PATH_LENGTH + 1
PATH_END        equ 0x8000      ; what is longer than any path in the table needs no end to be unequal

    descriptor "web", settings, settings_end
start:
    enter_guest
    hook    VECTOR_COM1, serial_interrupt
    mov     al, 0xef            ; IRQ4 only, and with IRQ2 all of the second 8259A is masked
    out     PIC1_MASK, al
%ifdef WORK
    call    millisecond         ; leaves the timer stopped
%else
    stop_timer
%endif
    mov     si, port_values     ; as stop_floppy_motor and open_uart do, in fewer bytes
    mov     cx, (ready - port_values) / 2
    mov     dh, UART >> 8
.port:
    lodsb
    mov     dl, al
    lodsb
    out     dx, al
    loop    .port
    call    send_text           ; `ready`, which follows

; --- The request line: a method, a path that a query may follow, and HTTP/1.x. Other lines are skipped.

request:
    call    line_start
    je      request             ; an empty line before a request
    xchg    ax, si              ; SI: first letter of the method
.method:
    call    word_byte
    jne     .method
    mov     di, PATH
.path:
    call    word_byte
    je      .version
    cmp     al, '?'
    je      .query
    test    di, di
    js      .path               ; PATH_END reached: read on, but keep no more
    stosb
    jmp     .path
.query:
    call    word_byte
    jne     .query
.version:
    call    word_byte
    cmp     al, 'H'
    je      .headers
    call    line_rest
    jmp     request

.headers:
    call    line_rest
    call    line_start
    jne     .headers

; --- The request is complete: answer it.

    push    si
    mov     si, settings.routes
%ifdef WORK
    ; Each millisecond is a one-shot of its own, so that time in which the host runs something else counts at most once.
    mov     cx, [settings.work] ; never 0 in this image
.work:
    call    millisecond
    loop    .work
%else
    xor     cx, cx
%endif
    dec     di
    xchg    ax, di
    mov     [PATH_LENGTH], al   ; the low byte of PATH_LENGTH is 0
.route:
    mov     cl, [si]
    jcxz    .not_found
    inc     cx
    mov     di, PATH_LENGTH
    repe    cmpsb
    je      .found
    add     si, cx
    lodsb
    cbw
    add     si, ax
    jmp     .route
.not_found:
    push    si
    mov     si, not_found
    call    send_text
    mov     si, content_length
    jmp     .length
.found:
    mov     cl, [si]
    inc     si
    push    si
    mov     si, found
.length:
    call    send_text
    mov     al, cl
    call    send_decimal
    call    send_text           ; the line ends behind content_length
    pop     si
    pop     ax
    cmp     al, 'H'             ; of HEAD: no content
    je      request
    jcxz    request_again
.content:
    lodsb
    call    send
    loop    .content
request_again:
    jmp     request

serial_interrupt:
    mov     al, PIC_EOI
    out     PIC1_COMMAND, al
    iret

; line_start: answers challenges up to a line that is none, and returns the first byte of that line as `next` does.
line_start:
    call    next
    cmp     al, '?'
    jne     next.compare
    mov     bp, CHALLENGE_SEED
    mov     ax, '!'             ; AH stays 0 from here on
.send:
    call    send
    cmp     al, LF
    je      line_start
    call    next
    je      .send
    mov     cl, 5
    rol     bp, cl
    add     bp, ax
    mov     ax, bp
    and     al, 15
    add     al, 'a'
    cbw
    jmp     .send

line_rest:
    call    next
    jne     line_rest
    ret

; word_byte: the next byte of the request line in AL, ZF set if it is a space. If the line ends, it was no request.
word_byte:
    call    next
    je      .no_request
    cmp     al, ' '
    ret
.no_request:
    pop     ax
    jmp     request_again

; next: the next byte that is not CR in AL, ZF set if it is LF. Keeps AH. The UART raises its interrupt when a byte comes
; into the empty FIFO; should that be between the look at LSR and the halt, the interrupt is pending and ends the halt.
next:
    mov     dx, UART_LSR
.wait:
    in      al, dx
    test    al, LSR_DR
    jnz     .byte
    sti                         ; takes effect after the next instruction
    hlt
    cli
    jmp     .wait
.byte:
    low_port UART_DATA
    in      al, dx
    cmp     al, CR
    je      next
.compare:
    cmp     al, LF
    ret

%ifdef WORK
; millisecond: computes until the one-shot is through. OUT stays up from then on, however late it is seen.
millisecond:
    mov     al, PIT_MODE0
    out     PIT_CONTROL, al
    mov     al, (PIT_HZ / 1000) & 0xff
    out     PIT_CHANNEL0, al
    mov     al, (PIT_HZ / 1000) >> 8
    out     PIT_CHANNEL0, al
.wait:
    mov     al, PIT_STATUS
    out     PIT_CONTROL, al
    in      al, PIT_CHANNEL0
    test    al, al              ; bit 7 is OUT
    jns     .wait
    ret
%endif

send_text:
    lodsb
    test    al, al
    jz      send.done
    call    send
    jmp     send_text

send_decimal:
    aam                         ; AH = AL / 10, AL = AL mod 10
    push    ax
    mov     al, ah
    test    al, al
    jz      .last
    call    send_decimal
.last:
    pop     ax
    add     al, '0'
                                ; falls through

; send: the byte in AL; keeps AX, uses BX and DX.
send:
    xchg    ax, bx
    mov     dx, UART_LSR
.busy:
    in      al, dx
    test    al, LSR_THRE
    jz      .busy
    xchg    ax, bx
    low_port UART_DATA
    out     dx, al
.done:
    ret

found:
    db      "HTTP/1.1 200 OK"
content_length:
    db      CR, LF, "Content-Length: ", 0
    db      CR, LF, CR, LF, 0
not_found:
    db      "HTTP/1.1 404 Not Found", 0

; Low bytes of ports, and what is written to them. See common.inc for the meanings.
port_values:
    db      FLOPPY_OUTPUT & 0xff, FLOPPY_QUIET
    db      UART_LCR & 0xff, 0x80
    db      UART_DATA & 0xff, 1
    db      UART_IER & 0xff, 0
    db      UART_LCR & 0xff, 0x03
    db      UART_FCR & 0xff, 0x07
    db      UART_MCR & 0xff, 0x0b
    db      UART_IER & 0xff, 0x01
ready:
    db      "mvm1 web", LF, 0

; The work before each answer in milliseconds, then the routes: length and bytes of the path, length and bytes of the
; content, up to a path of no bytes.
settings:
.work:
%ifdef WORK
    dw      1
%else
    dw      0
%endif
.routes:
    db      1, "/", .content_end - .content
.content:
    db      "Hello from 512 bytes"
.content_end:
    db      0
    times 510 - ($ - $$) db 0
settings_end:
%if settings_end - settings > 128
    %error "a content length may have its sign bit set now, and CBW in .route must go"
%endif
    boot_signature
