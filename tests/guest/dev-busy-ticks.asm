; SPDX-License-Identifier: GPL-3.0-or-later
; Ticks come while the guest is busy and never halts: the BIOS counts them at 46Ch, and its handler calls 1Ch. No register of the
; loop is changed by them.

%include "test.inc"
%include "dev.inc"

    dev_begin
    catch   0x1c, user_tick
    mov     bx, [0x46c]
    mov     esi, 0x12345678
    mov     ebp, 0x9abcdef0
    mov     ecx, 0
    sti
.busy:
    inc     ecx
    cmp     byte [user_ticks], 5
    jb      .busy
    cli
    mov     ax, [0x46c]
    sub     ax, bx
    cmp     ax, 5
    setae   al
    note    al
    cmp     ecx, 1000
    seta    al
    note    al
    cmp     esi, 0x12345678
    sete    al
    note    al
    cmp     ebp, 0x9abcdef0
    sete    al
    note    al
    put     PIC1, 0x0b
    get     PIC1                    ; nothing in service
    tell    "busy:"
    test_end

user_tick:
    inc     byte [cs:user_ticks]
    iret

user_ticks:
    db      0

    dev_end
