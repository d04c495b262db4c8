; SPDX-License-Identifier: GPL-3.0-or-later
; Ctrl, Alt and Delete reset the machine; two of them do not.
; ends: reset

%include "test.inc"

    test_begin
    sti
    mov     si, codes
.next:
    lodsb
    show8   al
    newline
    push    ax
    mov     al, 0xd2
    out     0x64, al
    pop     ax
    out     0x60, al
.wait:
    in      al, 0x64
    test    al, 1
    jnz     .wait
    cmp     si, codes.end
    jb      .next
    say     "no reset", LF
    test_end

codes:
    db      0x1d, 0x53, 0xd3, 0x9d, 0x38, 0x53, 0x1d, 0x52, 0x53
.end:
    boot_signature
