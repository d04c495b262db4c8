; SPDX-License-Identifier: GPL-3.0-or-later
; The bit that announces an update of the CMOS clock: it comes, the second changes after it, and not while it is clear.

%include "test.inc"
%include "dev.inc"

    dev_begin
    mov     cx, 2
.again:
.clear:
    call    updating
    jnz     .clear
.set:
    call    second
    mov     ah, al
    call    updating
    jz      .set
.over:
    call    updating
    jnz     .over
    call    second
    cmp     al, ah
    setne   al
    note    al
    loop    .again
    tell    "updates:"
    test_end

updating:
    put     0x70, 0x0a
    in      al, 0x71
    test    al, 0x80
    ret

second:
    put     0x70, 0x00
    in      al, 0x71
    ret

    dev_end
