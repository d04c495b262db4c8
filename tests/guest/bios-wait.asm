; SPDX-License-Identifier: GPL-3.0-or-later
; INT 15h, AH = 83h and 86h: waiting takes as long as it should, by the ticks; the flag of an event, and one wait at a time.
; lab-qemu: QEMU's clock is the laboratory's, and a wait is over there before the guest has looked

%include "test.inc"
%include "bios.inc"

FLAG    equ 0x9000

    test_begin
    sti
    mov     ax, 0x8377              ; no such function
    bios    0x15
    mov     ebx, 200000
    mov     di, 3                   ; ticks of 54.9 ms, at least
    call    wait_for
    mov     ebx, 1000
    mov     di, 0
    call    wait_for
    cli                             ; with interrupts off, too
    mov     ebx, 120000
    mov     di, 2
    call    wait_for
    sti
    mov     bx, FLAG
    mov     cx, 1
    mov     dx, 0x0000              ; 65 ms
    mov     ax, 0x8300
    bios    0x15
    mov     ax, 0x8300
    bios    0x15
    mov     ah, 0x86
    bios    0x15
    show8   [FLAG]
    show8   [0x4a0]
.next:
    hlt
    test    byte [FLAG], 0x80
    jz      .next
    show8   [FLAG]
    show8   [0x4a0]
    newline
    mov     byte [FLAG], 0
    mov     ax, 0x8300
    int     0x15
    mov     ax, 0x8301              ; not after all
    bios    0x15
    show8   [0x4a0]
    mov     ebx, 100000
    mov     di, 1
    call    wait_for
    show8   [FLAG]
    mov     al, 0x0b
    out     0x70, al
    in      al, 0x71
    show8   al
    newline
    test_end

; EBX: microseconds. Prints what INT 15h returns and whether it took DI ticks at least, and 20 more at most.
wait_for:
    mov     bp, [0x46c]
    mov     dx, bx
    mov     ecx, ebx
    shr     ecx, 16
    mov     ah, 0x86
    mov     al, 0x55
    bios    0x15
    pushf
    pop     ax
    and     ah, 2                   ; the interrupt flag
    show8   ah
    mov     ax, [0x46c]
    sub     ax, bp
    sub     ax, di
    cmp     ax, 20
    sbb     al, al
    show8   al
    newline
    ret

    bios_routines
    boot_signature
