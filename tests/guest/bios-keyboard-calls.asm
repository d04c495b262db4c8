; SPDX-License-Identifier: GPL-3.0-or-later
; IRQ1 calls: INT 15h, AH = 4Fh for each scan code, which may change it or keep it; AH = 85h for SysReq; INT 05h for Print,
; INT 1Bh for Break, which empties the buffer.

%include "test.inc"

    test_begin
    mov     eax, [0x15 * 4]
    mov     [system], eax
    catch   0x15, on_system
    catch   0x05, on_print
    catch   0x1b, on_break
    sti
    mov     si, codes
.next:
    lodsb
    call    send
    newline
    cmp     si, codes.end
    jb      .next
    show8   [0x471]
    mov     si, [0x41a]
    show16  [si + 0x400]
    show16  si
    show16  [0x41c]
    newline
    test_end

send:
    push    ax
    mov     al, 0xd2
    out     0x64, al
    pop     ax
    out     0x60, al
.wait:
    in      al, 0x64
    test    al, 1
    jnz     .wait
    ret

on_system:
    cmp     ah, 0x4f
    je      .key
    cmp     ah, 0x85
    jne     .other
    show16  ax
    iret
.key:
    pushf
    push    bp
    mov     bp, sp
    show16  ax
    lahf
    and     ah, 1
    show8   ah
    mov     ah, 0x4f
    cmp     al, 0x1e                ; an A becomes an S
    jne     .keep
    mov     al, 0x1f
.keep:
    cmp     al, 0x20                ; a D is gone
    je      .gone
    or      byte [bp + 8], 1
    pop     bp
    popf
    iret
.gone:
    and     byte [bp + 8], 0xfe
    pop     bp
    popf
    iret
.other:
    jmp     far [cs:system]

on_print:
    say     " print"
    iret

on_break:
    say     " break"
    show16  [cs:0x41a]
    show16  [cs:0x41c]
    iret

system:
    dd      0
codes:
    db      0x1e, 0x9e, 0x20, 0x2e
    db      0x54, 0xd4
    db      0xe0, 0x37, 0xe0, 0xb7
    db      0xe0, 0x46, 0xe0, 0xc6
.end:
    boot_signature
