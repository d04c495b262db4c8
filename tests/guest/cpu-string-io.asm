; SPDX-License-Identifier: GPL-3.0-or-later
; INS and OUTS, single and with REP, of 8, 16 and 32 bits, both directions, with an override for the source and with the
; 32-bit address size: through the clock's alarm seconds (register 1 behind ports 70h and 71h), and ports that nobody has.

%include "test.inc"

    test_begin
    mov     dx, 0x70
    mov     si, source
    mov     di, target
    mov     al, 1
    out     dx, al
    inc     dx
    outsb
    insb
    call    registers
    mov     cx, 3
    rep     outsb
    insb
    call    registers
    dec     dx
    inc     si
    outsw                           ; index and value
    insw
    call    registers
    mov     cx, 2
    rep     outsw
    mov     cx, 2
    rep     insw
    call    registers
    std
    mov     cx, 2
    rep     outsw
    insw
    call    registers
    cld
    mov     ax, 0x07b0
    mov     es, ax
    mov     si, source - 0x7b00
    inc     dx
    es outsb
    xor     ax, ax
    mov     es, ax
    mov     di, target + 16
    insb
    call    registers
    mov     esi, source + 1
    mov     ecx, 2
    a32 rep outsb
    mov     edi, target + 30
    a32 insb
    call    registers
    mov     dx, 0xe0
    insd
    outsd
    mov     cx, 3
    rep     insd
    mov     cx, 3
    rep     outsd
    std
    insd
    call    registers
    cld
    mov     si, target
    mov     cx, 56
show:
    lodsb
    show8   al
    loop    show
    newline
    test_end

registers:
    show16  cx
    show16  si
    sub     di, target
    show16  di
    add     di, target
    newline
    ret

source:
    db      0x11, 0x22, 0x33, 0x44, 0x00, 0x01, 0x15, 0x01, 0x26, 0x01, 0x37, 0x01, 0x48
target:
    times 56 db 0
    boot_signature
