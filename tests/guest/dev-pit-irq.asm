; SPDX-License-Identifier: GPL-3.0-or-later
; IRQ0 in each mode: once in mode 0 and mode 4, never in modes 1 and 5, whose trigger is not there; again and again in modes 2
; and 3. The time is that of channel 2.
;
; judge: datasheet. QEMU's OUT of mode 5 moves without a trigger (Intel 231164, figure 21)
; qemu: mode 5: 01
; right: mode 5: 00

%include "test.inc"
%include "dev.inc"

    dev_begin
    catch   0x08, irq0
    put     PIC1 + 1, 0xfe
    mov     bl, 0x30
    call    trial
    tell    "mode 0:"
    mov     bl, 0x32
    call    trial
    tell    "mode 1:"
    mov     bl, 0x34
    call    trial
    tell    "mode 2:"
    mov     bl, 0x36
    call    trial
    tell    "mode 3:"
    mov     bl, 0x38
    call    trial
    tell    "mode 4:"
    mov     bl, 0x3a
    call    trial
    tell    "mode 5:"
    test_end

; Notes how many interrupts come with a count of 2 ms: 0, 1, or 2 for more. A slow machine has some time for the first one, and
; then for a second one.
trial:
    cli
    call    load
    sti
    settle
    cli                             ; what waited from before
    mov     byte [count], 0
    call    load
    sti
    mov     ah, 1
    call    wait_for
    mov     ah, 2
    call    wait_for
    cli
    mov     al, [count]
    cmp     al, 2
    jb      .few
    mov     al, 2
.few:
    note    al
    ret

load:
    put     0x43, bl
    put     0x40, 2386 & 255
    put     0x40, 2386 >> 8
    ret

; Waits until AH came, at most 160 ms.
wait_for:
    mov     cx, 16
.next:
    cmp     [count], ah
    jae     .came
    push    ax
    delay   11932
    pop     ax
    loop    .next
.came:
    ret

irq0:
    push    ax
    inc     byte [count]
    put     PIC1, EOI
    pop     ax
    iret

count:
    db      0

    dev_end
