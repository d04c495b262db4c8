; SPDX-License-Identifier: GPL-3.0-or-later
;
; machine: what a curious program asks a PC: kind of CPU by its flags, memory, equipment, A20, disks, a return from the boot
; sector's call of INT 11h; checks A20 by the wrap at 1 MiB; big "unreal" segments; then reads its own vectors.
;
; until: that is all

    org 0x7c00
    bits 16

    xor     ax, ax
    mov     ds, ax
    mov     es, ax
    mov     ss, ax
    mov     sp, 0x7c00
    mov     ax, 3
    int     0x10
    pushf                       ; an 8086 sets bits 12 to 15, a 286 clears them
    pop     ax
    and     ah, 0x0f
    push    ax
    popf
    pushf
    pop     ax
    call    nibble_high
    or      ah, 0xf0
    push    ax
    popf
    pushf
    pop     ax
    call    nibble_high
    int     0x11
    and     ax, 0x0031          ; disks, video, number of floppies' lowest bit
    call    hex
    xor     ax, ax
    mov     ah, 0x41            ; extensions of int 13h
    mov     bx, 0x55aa
    mov     dl, 0x80
    int     0x13
    jc      .no_extensions
    mov     ax, bx
    call    hex
.no_extensions:
    mov     ax, 0x2401          ; A20 on, by the BIOS
    int     0x15
    call    carry
    mov     ax, 0x2402
    int     0x15
    call    carry
    ; A20: is FFFF:7E0E the same as 0000:7DFE, the signature?
    mov     ax, 0xffff
    mov     fs, ax
    mov     ax, [fs:0x7e0e]
    cmp     ax, [0x7dfe]
    mov     al, 'w'
    je      .wraps
    mov     al, 'a'
.wraps:
    call    put
    ; Flat segments in real mode.
    cli
    lgdt    [pointer]
    mov     eax, cr0
    inc     ax
    mov     cr0, eax
    jmp     .here
.here:
    mov     bx, 8
    mov     gs, bx
    dec     ax
    mov     cr0, eax
    jmp     .there
.there:
    xor     bx, bx
    mov     gs, bx
    sti
    mov     esi, 0xb8000
    mov     word [gs:esi + 158], 0x4e55
    mov     esi, 0xffff0
    mov     eax, [gs:esi]
    cmp     al, 0xea            ; the ROM begins with a far jump
    mov     al, 'j'
    je      .jump
    mov     al, '?'
.jump:
    call    put
    mov     si, all
.print:
    lodsb
    or      al, al
    jz      $
    call    put
    jmp     .print

carry:
    mov     al, '0'
    adc     al, 0
    jmp     put

nibble_high:
    push    ax
    mov     al, ah
    shr     al, 4
    call    digit
    pop     ax
    ret

hex:
    mov     cx, 4
.next:
    rol     ax, 4
    push    ax
    call    digit
    pop     ax
    loop    .next
    mov     al, ' '
    jmp     put

digit:
    and     al, 15
    cmp     al, 10
    sbb     al, 0x69
    das
put:
    pusha
    mov     ah, 0x0e
    mov     bx, 7
    int     0x10
    popa
    ret

all:        db " that is all", 0
    align 4
gdt:
    dq      0
    dw      0xffff, 0, 0x9200, 0xcf
pointer:
    dw      15
    dd      gdt

    times 510 - ($ - $$) db 0
    dw      0xaa55
