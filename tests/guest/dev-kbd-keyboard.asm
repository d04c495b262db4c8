; SPDX-License-Identifier: GPL-3.0-or-later
; Commands of the keyboard behind the 8042: echo, what it is, scan set, lights, rate, off and on, reset with self test, what is no
; command. Each answer byte waited for; then there is no more.

%include "test.inc"
%include "dev.inc"

    dev_begin
    mov     si, script
.next:
    lodsb
    out     0x60, al
    note    al
    lodsb
    mov     cl, al                  ; how many answers
    mov     ch, 0
    jcxz    .checked
.answer:
    in      al, 0x64
    test    al, 1
    jz      .answer
    get     0x60
    loop    .answer
.checked:
    in      al, 0x64
    and     al, 1
    jz      .quiet
    note    0xff
.quiet:
    tell    "to it, from it:"
    cmp     si, script.end
    jb      .next
    test_end

script:
    db      0xee, 1
    db      0xf2, 3
    db      0xed, 1
    db      0x02, 1
    db      0xf3, 1
    db      0x20, 1
    db      0xf0, 1
    db      0x00, 2
    db      0xf5, 1
    db      0xf4, 1
    db      0xf6, 1
    db      0xff, 2
.end:

    dev_end
