; SPDX-License-Identifier: GPL-3.0-or-later
;
; disk: reads its own sector again and again through the BIOS, at a set rate. The clock is the BIOS's timer tick, 18.2
; a second: each adds the reads due in one tick to an account with a 16-bit fraction, and whole reads are carried out.
; If the drive is slower than the rate, ticks wait in `ticks` and the guest reads as fast as it can.

%include "common.inc"

BUFFER          equ 0x8000      ; does not cross a 64 KiB boundary, which the ISA DMA controller could not

    descriptor "disk", settings, settings_end
start:
    enter_guest
    mov     [drive], dl
    hook    VECTOR_COM1, serial_interrupt
    hook    VECTOR_USER_TICK, user_tick
    mask_irqs 0xaa, 0x3f        ; IRQ0 timer, IRQ2 cascade, IRQ4 COM1, IRQ6 floppy; IRQ14 and IRQ15 disks
    open_uart
    announce ready, ready_end - ready

.idle:
    cli
    cmp     word [ticks], 0
    jne     .tick
    sti                         ; takes effect after the next instruction, so no tick is slept through
    hlt
    jmp     .idle
.tick:
    dec     word [ticks]
    sti
    mov     ax, [settings.fraction]
    add     [due], ax
    mov     cx, [settings.whole]
    adc     cx, 0
    jcxz    .idle
.read:
    push    cx
    mov     ax, 0x0201          ; read one sector
    mov     bx, BUFFER          ; to ES:BX
    mov     cx, 0x0001          ; cylinder 0, sector 1
    mov     dx, [drive]         ; head 0
    int     0x13
    jnc     .done
    mov     ah, 0x00            ; reset the drive and carry on
    mov     dx, [drive]
    int     0x13
.done:
    pop     cx
    sti                         ; some BIOSes come back with interrupts off
    loop    .read
    jmp     .idle

; Called by the BIOS at each tick, with segment registers of its own.
user_tick:
    inc     word [cs:ticks]
    iret

ticks:          dw 0            ; ticks that came and were not yet accounted for
due:            dw 0            ; fraction of a read that is due, in 1/65536
drive:          dw 0            ; DL and DH of the reads

    challenge_interrupt
    sender

ready:
    db      "mvm1 disk", LF
ready_end:

; Reads in each timer tick, in 1/65536.
settings:
.fraction:      dw 3600         ; 1 read a second: 65536 * 65536 / 1193182
.whole:         dw 0
settings_end:
    boot_signature
