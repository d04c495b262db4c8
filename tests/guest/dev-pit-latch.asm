; SPDX-License-Identifier: GPL-3.0-or-later
; Latches of the 8254: a latched count stays until it is read, whatever is latched meanwhile; read-back of count and status, of
; one channel and of all; status as it was programmed.
;
; judge: datasheet. QEMU knows no null count (Intel 231164, "Read-Back Command")
; qemu: null: 18 18
; right: null: 58 58

%include "test.inc"
%include "dev.inc"

    dev_begin
    put     0x61, 1
    put     0x43, 0xb4
    put     0x42, 0x00
    put     0x42, 0x00
    put     0x43, 0x80
    call    later
    put     0x43, 0x80              ; ignored
    call    later
    put     0x43, 0xd8              ; so is the read-back of the count
    call    read
    mov     bx, dx
    put     0x43, 0x80
    call    read
    sub     bx, dx                  ; between them: two times of some milliseconds, at least
    cmp     bx, 8000
    setae   al
    note    al
    tell    "latched:"
    mov     ah, 0xb0                ; status of each mode, long before its end
    mov     cx, 6
.mode:
    put     0x43, ah
    put     0x42, 0x00
    put     0x42, 0x00
    put     0x43, 0xe8
    in      al, 0x42
    and     al, 0x3f
    note    al
    add     ah, 2
    loop    .mode
    put     0x43, 0x98              ; low byte only, mode 4
    put     0x42, 0x00
    put     0x43, 0xe8
    in      al, 0x42
    and     al, 0x3f
    note    al
    tell    "status:"
    put     0x43, 0xb0
    put     0x42, 0x00
    put     0x42, 0x00
    put     0x43, 0xc8              ; both, of channel 2: the status comes first
    call    later
    in      al, 0x42
    and     al, 0xbf
    note    al
    call    read
    mov     bx, dx
    put     0x43, 0x80
    call    read
    sub     bx, dx
    cmp     bx, 4000
    setae   al
    note    al
    put     0x43, 0xce              ; of all three
    in      al, 0x42
    and     al, 0xbf
    note    al
    put     0x43, 0xe6              ; not of this one
    in      al, 0x42
    mov     ah, al
    in      al, 0x42
    cmp     ax, 0x3030
    setne   al                      ; no status twice
    note    al
    tell    "read-back:"
    put     0x43, 0x98
    put     0x43, 0xe8
    in      al, 0x42
    and     al, 0x7f
    note    al
    put     0x43, 0xe8
    in      al, 0x42
    and     al, 0x7f
    note    al
    tell    "null:"
    test_end

read:
    in      al, 0x42
    mov     dl, al
    in      al, 0x42
    mov     dh, al
    ret

; Some milliseconds, by channel 0, which counts down by two.
later:
    call    latch0
    mov     bp, dx
.wait:
    call    latch0
    mov     ax, bp
    sub     ax, dx
    cmp     ax, 10000
    jb      .wait
    ret

latch0:
    put     0x43, 0x00
    in      al, 0x40
    mov     dl, al
    in      al, 0x40
    mov     dh, al
    ret

    dev_end
