; SPDX-License-Identifier: GPL-3.0-or-later
; IRQ1: what each key puts into the buffer, with each of the shift keys and locks, and with E0h before it. The scan codes come
; from the keyboard controller, whose command D2h acts as the keyboard. Not here: the shift keys, Break, Print and SysReq.

%include "test.inc"

    test_begin
    sti
    mov     bp, sets
.set:
    mov     ax, [bp]
    show16  ax
    mov     bl, 1                   ; the key
.key:
    mov     cx, skipped.end - skipped
    mov     di, skipped
    mov     al, bl
    repne scasb
    je      .next
    mov     ax, [bp]
    mov     [0x417], al
    mov     bh, ah                  ; what goes before
    mov     al, bl
    call    press
    or      al, 0x80                ; and up again
    call    press
    mov     byte [0x417], 0
    mov     si, [0x41a]             ; straight from the buffer
    cmp     si, [0x41c]
    je      .none
    show16  [si + 0x400]
    jmp     .empty
.none:
    say     " -"
.empty:
    mov     ax, [0x41c]
    mov     [0x41a], ax
    test    bl, 15
    jnz     .next
    newline
.next:
    inc     bx
    cmp     bl, 0x60
    jb      .key
    newline
    inc     bp
    inc     bp
    cmp     bp, sets.end
    jb      .set
    show8   [0x418]
    show8   [0x496]
    newline
    test_end

; AL, with BH before it unless 0.
press:
    push    ax
    test    bh, bh
    jz      .plain
    mov     al, bh
    call    .send
.plain:
    pop     ax
.send:
    push    ax
    mov     al, 0xd2
    out     0x64, al
    pop     ax
    out     0x60, al
    push    ax
.wait:
    in      al, 0x64                ; until the interrupt has taken it
    test    al, 1
    jnz     .wait
    pop     ax
    ret

sets:                               ; the shift keys' state, then what goes before
    dw      0x0000, 0x0002, 0x0004, 0x0008, 0x0041, 0x0022
    dw      0xe000, 0xe004, 0xe008, 0xe042
.end:
skipped:
    db      0x1d, 0x2a, 0x36, 0x37, 0x38, 0x3a, 0x45, 0x46, 0x54
.end:
    boot_signature
