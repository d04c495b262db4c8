; SPDX-License-Identifier: GPL-3.0-or-later
; What can be read of a counter: in mode 2 from the count down to 1, in mode 3 by twos, in mode 0 on after 0; low and high byte
; alone; and the status.

%include "test.inc"
%include "dev.inc"

    dev_begin
    put     0x61, 1
    put     0x43, 0xb4              ; mode 2, count 1000
    put     0x42, 1000 & 255
    put     0x42, 1000 >> 8
    mov     cx, 5000
    xor     bp, bp                  ; the highest seen
    mov     bx, 0xffff              ; the lowest
.mode2:
    call    latch
    cmp     dx, bp
    jb      .not_higher
    mov     bp, dx
.not_higher:
    cmp     dx, bx
    ja      .not_lower
    mov     bx, dx
.not_lower:
    loop    .mode2
    mov     ax, bp
    dec     ax
    shr     ax, 7                   ; 999 / 128
    note    al
    mov     ax, bx
    shr     ax, 7
    note    al
    tell    "mode 2:"
    put     0x43, 0xb6              ; mode 3, an even count
    put     0x42, 0xe8
    put     0x42, 0x03
    mov     cx, 1000
    mov     bl, 0
.mode3:
    call    latch
    or      bl, dl
    loop    .mode3
    and     bl, 1
    note    bl
    tell    "mode 3:"
    put     0x43, 0xb0              ; mode 0, and on after its end
    put     0x42, 0x10
    put     0x42, 0x00
.mode0:
    call    latch
    cmp     dx, 0x8000
    jb      .mode0
    in      al, 0x61
    and     al, 0x20
    note    al
    tell    "mode 0:"
    put     0x43, 0x94              ; low byte only, mode 2
    put     0x42, 0x80
    put     0x43, 0xe8
    in      al, 0x42
    and     al, 0x3f
    note    al
    in      al, 0x42
    cmp     al, 0x80
    setbe   al
    note    al
    put     0x43, 0xa4              ; high byte only
    put     0x42, 0x80
    in      al, 0x42
    cmp     al, 0x80
    setbe   al
    note    al
    tell    "bytes:"
    test_end

latch:
    put     0x43, 0x80
    in      al, 0x42
    mov     dl, al
    in      al, 0x42
    mov     dh, al
    ret

    dev_end
