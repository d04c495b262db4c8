; SPDX-License-Identifier: GPL-3.0-or-later
; The tick of 46Ch and channel 0's count together are a clock that never goes back, as programs read it: with interrupts off, the
; count, and whether a tick waits in IRR. And it goes on.
;
; The count is read in mode 2, after a tick.

%include "test.inc"
%include "dev.inc"

    dev_begin
    put     0x43, 0x34
    put     0x40, 0
    put     0x40, 0
    sti
    hlt                             ; a tick of this period
    hlt
    mov     cx, 30000
    xor     bx, bx                  ; wrong ones
    call    clock
    mov     [begin], eax
    mov     ebp, eax
.next:
    call    clock
    cmp     eax, ebp
    jae     .later
    inc     bx
.later:
    mov     ebp, eax
    loop    .next
    mov     ax, bx
    note    ah
    note    al
    tell    "back:"
    sub     ebp, [begin]
    cmp     ebp, 10000
    seta    al
    note    al
    tell    "on:"
    test_end

; EAX: ticks of 1193182 Hz. A tick that waits counts when the count has begun anew.
clock:
    cli
    put     0x43, 0x00
    in      al, 0x40
    mov     dl, al
    in      al, 0x40
    mov     dh, al
    in      al, PIC1                ; IRR
    and     al, 1
    neg     dx                      ; counted since the tick
    cmp     dx, 0x8000              ; a tick that came after the count was read does not count
    jb      .early
    mov     al, 0
.early:
    movzx   eax, al
    add     eax, [0x46c]
    shl     eax, 16
    mov     ax, dx
    sti
    ret

begin:
    dd      0

    dev_end
