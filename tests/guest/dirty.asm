; SPDX-License-Identifier: GPL-3.0-or-later
;
; dirty: `sleep` that first fills BYTES bytes of memory (a multiple of 4; -DBYTES=N) with random numbers, which differ from
; VM to VM by the time at which each was booted: what distinct data costs.

%include "common.inc"

%ifndef BYTES
%define BYTES 4096
%endif

    cpu 386

    descriptor "dirty"
start:
    enter_guest
    hook    VECTOR_COM1, serial_interrupt
    mov     al, 0               ; latch channel 0: where the timer stands is this VM's seed
    out     PIT_CONTROL, al
    in      al, PIT_CHANNEL0
    mov     bl, al
    in      al, PIT_CHANNEL0
    mov     bh, al
    movzx   ebx, bx
    or      ebx, 0x9e370000     ; xorshift must not begin with 0
    mov     ecx, BYTES / 4
    jecxz   .filled
    mov     ax, 0x1000          ; from 10000h on, a segment at a time
    mov     es, ax
    xor     di, di
.fill:
    mov     eax, ebx            ; xorshift32 (Marsaglia, "Xorshift RNGs", 2003)
    shl     eax, 13
    xor     ebx, eax
    mov     eax, ebx
    shr     eax, 17
    xor     ebx, eax
    mov     eax, ebx
    shl     eax, 5
    xor     ebx, eax
    mov     eax, ebx
    stosd
    test    di, di
    jnz     .same_segment
    mov     ax, es
    add     ax, 0x1000
    mov     es, ax
.same_segment:
    dec     ecx
    jnz     .fill
.filled:
    stop_timer
    mask_irqs 0xef, 0xff
    open_uart
    announce ready, ready_end - ready
    sti
.sleep:
    hlt
    jmp     .sleep

    challenge_interrupt
    sender

ready:
    db      "mvm1 dirty", LF
ready_end:

    boot_signature
