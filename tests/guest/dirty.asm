; SPDX-License-Identifier: GPL-3.0-or-later
;
; dirty: `sleep` that first fills BYTES bytes of memory (a multiple of 4; -DBYTES=N) with random numbers, and fills them anew
; after its first challenge, from the challenge's nonce: then no other VM holds the same. What distinct data costs. With -DONCE
; it stays with the first, and so is asleep when it is measured.

%include "common.inc"

%ifndef BYTES
%define BYTES 4096
%endif

    cpu 386

    descriptor "dirty"
start:
    enter_guest
    hook    VECTOR_COM1, serial_interrupt
    mov     al, 0               ; latch channel 0: where the timer stands is the first seed
    out     PIT_CONTROL, al
    in      al, PIT_CHANNEL0
    mov     bl, al
    in      al, PIT_CHANNEL0
    mov     bh, al
    call    fill
    stop_timer
    mask_irqs 0xef, 0xff
    open_uart
    announce ready, ready_end - ready
    sti
.sleep:
    hlt
    cmp     byte [filled], 0
    jne     .sleep
    cmp     byte [line], LINE_START
    jne     .sleep
    mov     bx, [state]         ; what the nonce made of it; 0 before the first challenge
    test    bx, bx
    jz      .sleep
    mov     byte [filled], 1
    call    fill
    jmp     .sleep

%ifdef ONCE
filled:         db 1
%else
filled:         db 0
%endif

; Fills the memory from the seed in BX. The challenge's handler keeps what this uses.
fill:
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
    ret

    challenge_interrupt
    sender

ready:
    db      "mvm1 dirty", LF
ready_end:

    boot_signature
