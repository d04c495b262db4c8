; SPDX-License-Identifier: GPL-3.0-or-later
; Decimal counting: every digit is one, and the count stays below what was loaded.
;
; judge: datasheet. QEMU counts binary (Intel 231164, "Control Word Format")
; qemu: digits: 00
; right: digits: 01
; qemu: below: 00
; right: below: 01

%include "test.inc"
%include "dev.inc"

    dev_begin
    put     0x61, 1
    put     0x43, 0xb5              ; mode 2, BCD, 9999
    put     0x42, 0x99
    put     0x42, 0x99
    mov     cx, 2000
    mov     bx, 0x0101
.next:
    put     0x43, 0x80
    in      al, 0x42
    call    digits
    in      al, 0x42
    call    digits
    loop    .next
    note    bl
    tell    "digits:"
    put     0x43, 0xb1              ; mode 0, BCD, 1000: after 0 comes 9999
    put     0x42, 0x00
    put     0x42, 0x10
.through:
    in      al, 0x61
    test    al, 0x20
    jz      .through
    put     0x43, 0x80
    in      al, 0x42
    in      al, 0x42
    cmp     al, 0x99
    setbe   al
    note    al
    tell    "below:"
    test_end

; Clears BL when AL is not two digits.
digits:
    mov     ah, al
    and     ax, 0xf00f
    cmp     al, 9
    ja      .wrong
    cmp     ah, 0x90
    ja      .wrong
    ret
.wrong:
    mov     bl, 0
    ret

    dev_end
