; SPDX-License-Identifier: GPL-3.0-or-later
; The gate of channel 2: in modes 0 and 4 it holds the counting; in mode 1 its rise starts it, and again; in modes 2 and 3 it
; holds, and its rise loads the count anew.
;
; judge: datasheet. QEMU counts on without gate, and in mode 1 without a trigger (Intel 231164, figure 21)
; qemu: mode 0 held: 00
; right: mode 0 held: 01
; qemu: mode 4 held: 00
; right: mode 4 held: 01
; qemu: mode 2 held: 00 01
; right: mode 2 held: 01 01
; qemu: mode 3 held: 00 01
; right: mode 3 held: 01 01

%include "test.inc"
%include "dev.inc"

    dev_begin
    mov     bl, 0xb0
    call    hold
    tell    "mode 0 held:"
    mov     bl, 0xb8
    call    hold
    tell    "mode 4 held:"
    mov     bl, 0xb4
    call    hold
    call    anew
    tell    "mode 2 held:"
    mov     bl, 0xb6
    call    hold
    call    anew
    tell    "mode 3 held:"
    mov     bl, 0xb2
    call    load
    put     0x61, 0                 ; a trigger
    put     0x61, 1
    call    later
    call    latch
    mov     bp, dx
    call    later
    call    latch
    cmp     dx, bp
    setne   al                      ; it counts
    note    al
    call    anew
    put     0x61, 0                 ; the gate's low does not hold it
    call    latch
    mov     bp, dx
    call    later
    call    latch
    cmp     dx, bp
    setne   al
    note    al
    tell    "mode 1:"
    test_end

; A trigger: the count is higher than before. Notes 1 when it is; a slow machine has many tries.
anew:
    mov     si, 1000
.try:
    call    later
    call    latch
    mov     bp, dx
    put     0x61, 0
    put     0x61, 1
    call    latch
    cmp     dx, bp
    seta    al
    ja      .done
    dec     si
    jnz     .try
.done:
    note    al
    ret

; Loads, counts some time, and takes the gate away: notes 1 when it stands still.
hold:
    call    load
    call    later
    put     0x61, 0
    call    latch
    mov     bp, dx
    call    later
    call    latch
    cmp     dx, bp
    sete    al
    note    al
    ret

load:
    put     0x61, 1
    put     0x43, bl
    put     0x42, 0x00
    put     0x42, 0xff
    ret

; The count of channel 2 in DX.
latch:
    put     0x43, 0x80
    in      al, 0x42
    mov     dl, al
    in      al, 0x42
    mov     dh, al
    ret

; Some milliseconds, by channel 0, which counts down by two.
later:
    call    latch0
    mov     cx, dx
.wait:
    call    latch0
    mov     ax, cx
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
