; SPDX-License-Identifier: GPL-3.0-or-later
; ram: 2
; A20 by port 92h, by the keyboard controller's output port and by its commands; who wrote last decides. With A20 off, FFFF:0510
; is 0000:0500.
; lab-qemu: with KVM, QEMU has no A20 gate

%include "test.inc"
%include "dev.inc"

    dev_begin
    mov     ax, 0xffff
    mov     fs, ax
    call    state
    put     0x92, 0x00
    call    state
    put     0x92, 0x02
    call    state
    tell    "port 92h:"
    put     0x64, 0xd1
    put     0x60, 0xdd
    call    state
    put     0x64, 0xd1
    put     0x60, 0xdf
    call    state
    tell    "output port:"
    put     0x64, 0xdd
    call    state
    put     0x64, 0xdf
    call    state
    tell    "commands:"
    put     0x92, 0x00
    put     0x64, 0xd1
    put     0x60, 0xdf
    call    state
    put     0x64, 0xdd
    put     0x92, 0x02
    call    state
    tell    "mixed:"
    put     0x92, 0x00              ; words that cross
    mov     word [0x500], 0x1234
    mov     ax, [fs:0x510]
    note    al
    note    ah
    put     0x92, 0x02
    tell    "wraps:"
    test_end

; 1: the memory at 1 MiB is its own.
state:
    mov     byte [0x500], 0x11
    mov     byte [fs:0x510], 0x22
    cmp     byte [0x500], 0x11
    sete    al
    note    al
    ret

    dev_end
