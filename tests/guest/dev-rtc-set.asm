; SPDX-License-Identifier: GPL-3.0-or-later
; Setting the CMOS clock, and the second after: the end of a century, a leap day, none in 2023, noon and midnight in 12 hours,
; decimal and binary. While it is set it stands still.

%include "test.inc"
%include "dev.inc"

    dev_begin
    mov     si, cases
.next:
    mov     ah, [si]                ; register B
    or      ah, 0x80
    mov     al, 0x0b
    call    write
    inc     si
    mov     bx, registers
    mov     cx, 7
.set:
    mov     al, [bx]
    mov     ah, [si]
    inc     bx
    inc     si
    call    write
    loop    .set
    call    show
    mov     ah, [si - 8]
    mov     al, 0x0b
    call    write
    mov     ah, [si - 1]            ; the seconds
.wait:
    sti                             ; looks at each tick
    hlt
    cli
    put     0x70, 0x00
    in      al, 0x71
    cmp     al, ah
    je      .wait
    call    show
    tell    "set, a second later:"
    cmp     si, cases.end
    jb      .next
    test_end

write:
    out     0x70, al
    mov     al, ah
    out     0x71, al
    ret

; Notes all registers of the time.
show:
    mov     bx, registers
    mov     cx, 7
.next:
    mov     al, [bx]
    inc     bx
    out     0x70, al
    in      al, 0x71
    note    al
    loop    .next
    ret

registers:
    db      0x32, 0x09, 0x08, 0x07, 0x04, 0x02, 0x00
cases:
    db      0x02, 0x19, 0x99, 0x12, 0x31, 0x23, 0x59, 0x59
    db      0x02, 0x20, 0x24, 0x02, 0x28, 0x23, 0x59, 0x59
    db      0x02, 0x20, 0x23, 0x02, 0x28, 0x23, 0x59, 0x59
    db      0x00, 0x20, 0x13, 0x12, 0x04, 0x11, 0x59, 0x59  ; before noon
    db      0x04, 20, 13, 12, 4, 0x80 | 11, 59, 59          ; before midnight
    db      0x06, 20, 99, 12, 31, 12, 34, 56
.end:

    dev_end
