; SPDX-License-Identifier: GPL-3.0-or-later
; OUT of channel 2 in each mode, gate high: when its count is loaded, long before its end; and of modes 1 and 5 after a trigger.
; Modes 0 and 3 also when the count is through: in mode 3 a fresh half.
;
; judge: datasheet. QEMU's OUT of modes 1, 2, 4 and 5 is the wrong way round (Intel 231164, figures 16 to 20)
; qemu: mode 2: 00
; right: mode 2: 20
; qemu: mode 4: 00
; right: mode 4: 20
; qemu: mode 1: 20 20
; right: mode 1: 20 00
; qemu: mode 5: 00 00
; right: mode 5: 20 20

%include "test.inc"
%include "dev.inc"

    dev_begin
    put     0x61, 0x01
    mov     ah, 0xb0
    call    load
    call    out2
    put     0x42, 0x10              ; soon through
    put     0x42, 0x00
.wait:
    in      al, 0x61
    test    al, 0x20
    jz      .wait
    call    out2
    tell    "mode 0:"
    mov     ah, 0xb6
    call    load
    call    out2
    tell    "mode 3:"
    mov     ah, 0xb4
    call    load
    call    out2
    tell    "mode 2:"
    mov     ah, 0xb8
    call    load
    call    out2
    tell    "mode 4:"
    mov     ah, 0xb2
    call    load
    call    out2
    call    trigger
    call    out2
    tell    "mode 1:"
    mov     ah, 0xba
    call    load
    call    out2
    call    trigger
    call    out2
    tell    "mode 5:"
    test_end

load:
    put     0x43, ah
    put     0x42, 0x00
    put     0x42, 0xf0
    ret

trigger:
    put     0x61, 0x00
    put     0x61, 0x01
    call    later
    ret

; Some microseconds.
later:
    push    ax
    mov     cx, 20
.next:
    in      al, 0x61
    loop    .next
    pop     ax
    ret

out2:
    call    later
    in      al, 0x61
    and     al, 0x20
    note    al
    ret

    dev_end
