; SPDX-License-Identifier: GPL-3.0-or-later
; IRQ0: it counts the ticks, calls INT 1Ch, which may change every register, and ends the interrupt only afterwards.

%include "test.inc"

    test_begin
    mov     ax, [0x46c]
    mov     [first], ax
    catch   0x1c, on_tick
    mov     eax, 0x11111111
    mov     ebx, 0x22222222
    mov     ecx, 0x33333333
    mov     edx, 0x44444444
    mov     esi, 0x55555555
    mov     edi, 0x66666666
    mov     ebp, 0x77777777
    sti
.wait:
    hlt
    cmp     byte [ticks], 4
    jb      .wait
    cli
    show32  eax
    show32  ebx
    show32  ecx
    show32  edx
    show32  esi
    show32  edi
    show32  ebp
    show16  ds
    show16  es
    newline
    mov     ax, [0x46c]
    sub     ax, [first]
    show16  ax
    call    read_in_service
    show8   al
    show8   [during]
    newline
    test_end

on_tick:
    mov     bp, sp
    xor     ax, ax
    mov     ds, ax
    inc     byte [ticks]
    call    read_in_service
    mov     [during], al
    mov     bx, 1
    mov     cx, 2
    mov     dx, 3
    mov     si, 4
    mov     di, 5
    mov     bp, 6
    mov     es, bx
    iret

read_in_service:
    mov     al, 0x0b
    out     0x20, al
    in      al, 0x20
    ret

first:
    dw      0
ticks:
    db      0
during:
    db      0
    boot_signature
