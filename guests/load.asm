; SPDX-License-Identifier: GPL-3.0-or-later
;
; load: burns CPU by a profile. The interval timer is the clock: it divides its input by 59659, so that a tick comes
; every 50.0000 ms, and its counter, read back, tells how far the running tick has got. In each tick the guest computes
; for the busy part and halts for the rest; a part of all 59659 counts never halts. Challenges are answered throughout.

%include "common.inc"

DIVISOR         equ 59659       ; 1193182 Hz / 59659 = 20.0000 Hz

    descriptor "load", settings, settings_end
start:
    enter_guest
    hook    VECTOR_COM1, serial_interrupt
    hook    VECTOR_TIMER, timer_interrupt
    stop_floppy_motor
    mask_irqs 0xee, 0xff        ; IRQ0 and IRQ4
    open_uart
    announce ready, ready_end - ready

    mov     al, PIT_MODE2
    out     PIT_CONTROL, al
    mov     al, DIVISOR & 0xff
    out     PIT_CHANNEL0, al
    mov     al, DIVISOR >> 8
    out     PIT_CHANNEL0, al

.profile:
    mov     si, settings
.step:
    lodsw
    test    ax, ax              ; a step of no ticks ends the profile
    jz      .profile
    xchg    ax, bp              ; BP: ticks left in this step
    lodsw
    xchg    ax, di              ; DI: busy counts in each tick
.tick:
    mov     byte [ticked], 0
    sti
    ; The busy part counts from when the guest really runs, which on a host is some time after the timer fired.
    call    since_tick
    mov     bx, dx
    add     bx, di
    jnc     .busy
    mov     bx, 0xffff          ; as any end behind the next tick: busy until it comes
.busy:
    cmp     byte [ticked], 0
    jne     .tick_end
    call    since_tick
    cmp     dx, bx
    jae     .idle
    mov     cx, 2000            ; compute; to read the timer all the time would keep the machine from its own work
    loop    $
    jmp     .busy
.idle:
    cli
    cmp     byte [ticked], 0
    jne     .tick_end
    sti                         ; takes effect after the next instruction, so no tick is slept through
    hlt
    jmp     .idle
.tick_end:
    dec     bp
    jnz     .tick
    jmp     .step

; since_tick: timer counts since the tick in DX. In mode 2 the counter runs from DIVISOR down to 1. The latch holds both
; bytes until they are read, so an interrupt in between does no harm.
since_tick:
    mov     al, PIT_LATCH
    out     PIT_CONTROL, al
    in      al, PIT_CHANNEL0
    mov     ah, al
    in      al, PIT_CHANNEL0
    xchg    al, ah
    mov     dx, DIVISOR
    sub     dx, ax
    ret

timer_interrupt:
    push    ax
    mov     byte [cs:ticked], 1
    mov     al, PIC_EOI
    out     PIC1_COMMAND, al
    pop     ax
    iret

ticked:
    db      0

    challenge_interrupt
    sender

ready:
    db      "mvm1 load", LF
ready_end:

; The profile: pairs of words, ticks of 50 ms and busy counts (0 to DIVISOR) in each of them, up to a pair of no ticks.
settings:
    dw      20, DIVISOR / 4     ; 25 %
    dw      0
    times 510 - ($ - $$) db 0
settings_end:
    boot_signature
