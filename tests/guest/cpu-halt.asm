; SPDX-License-Identifier: GPL-3.0-or-later
; HLT: an interrupt wakes it, IP on the stack is behind it, it sleeps again; a masked one does not wake it; with IF clear it
; ends for good, which the guest uses as its end where there is no port for that.

%include "test.inc"

    test_begin
    catch   8, timer
    mov     al, 0xfe
    out     0x21, al
    mov     al, 0x34                ; mode 2, about 1 ms
    out     0x43, al
    mov     al, 0xa9
    out     0x40, al
    mov     al, 0x04
    out     0x40, al
    mov     cx, 5
    mov     dx, 0
next:
    sti
    hlt
behind:
    cli
    cmp     [seen], dx
    je      next                    ; it came before the HLT
    inc     dx
    loop    next
    show16  [place]
    show16  cx
    newline
    test_end

timer:
    push    bp
    mov     bp, sp
    push    ax
    mov     ax, [bp + 2]
    sub     ax, behind
    mov     [place], ax
    inc     word [seen]
    mov     al, 0x20
    out     0x20, al
    pop     ax
    pop     bp
    iret

seen:
    dw      0
place:
    dw      0xffff
    boot_signature
