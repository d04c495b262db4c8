; SPDX-License-Identifier: GPL-3.0-or-later
; What text programs touch of a VGA: the CRTC's cursor registers by its index and data ports, as bytes and as words; the start
; address; which are protected; the retrace, which comes and goes.

%include "test.inc"
%include "dev.inc"

    dev_begin
    mov     dx, 0x3d4
    mov     al, 0x0e
    out     dx, al
    in      al, dx
    note    al
    inc     dx
    mov     al, 0x12
    out     dx, al
    in      al, dx
    note    al
    dec     dx
    mov     ax, 0x340f              ; index and data in one
    out     dx, ax
    in      ax, dx
    stosw
    mov     al, 0x0e
    out     dx, al
    in      ax, dx
    stosw
    tell    "cursor:"
    mov     ah, 0x0a                ; the lines of the cursor, the start address
.next:
    mov     dx, 0x3d4
    mov     al, ah
    out     dx, al
    inc     dx
    mov     al, ah
    or      al, 0x10
    out     dx, al
    in      al, dx
    note    al
    inc     ah
    cmp     ah, 0x0e
    jb      .next
    tell    "others:"
    mov     dx, 0x3d4
    mov     al, 0x01                ; protected
    out     dx, al
    inc     dx
    mov     al, 0x11
    out     dx, al
    in      al, dx
    note    al
    tell    "protected:"
    mov     dx, 0x3da
    mov     cx, 3
.retrace:
.high:
    in      al, dx
    test    al, 0x08
    jz      .high
.low:
    in      al, dx
    test    al, 0x08
    jnz     .low
    note    0x01
    loop    .retrace
    tell    "retrace:"
    test_end

    dev_end
