; SPDX-License-Identifier: GPL-3.0-or-later
; Exceptions in a program that handles them; and interrupts by INT of the same vectors that it does not handle, which return.
; judge: Intel SDM volume 3, 20.1.4: a word at FFFFh is behind the segment's limit, which QEMU does not look at in real mode.
; qemu: # 00 fe# 06 fe# 05 fc# 06 00
; right: # 00 fe# 06 fe# 0d fe# 05 fc# 06 00
; lab: the laboratory's processor is QEMU's

%include "test.inc"

    test_begin
    mov     si, vectors
.next:
    lodsb
    mov     [.number], al
    jmp     .flush                  ; the INT was changed
.flush:
    mov     ax, 0x1234
    mov     bx, 0x5678
    stc
    db      0xcd
.number:
    db      0
    show8   [.number]
    show16  ax
    show16  bx
    show_flags ARITHMETIC
    newline
    cmp     si, vectors.end
    jb      .next
    into                            ; without and with overflow
    int3
    mov     al, 0x7f
    inc     al
    into
    show8   al
    newline
    catch_faults
    mov     dx, 1
    mov     ax, 0
    mov     cx, 1
    try     div cx
    try     ud2
    mov     bx, 0xffff
    try     mov ax, [bx]
    try     bound ax, [limits]
    try     int 0x06
    mov     sp, 0x7bff              ; the stack is fine
    try     push ax
    newline
    mov     sp, 0x7c00
    test_end

vectors:
    db      0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x0c, 0x0d, 0x0f, 0x1c, 0x4a, 0x71, 0x74, 0x77, 0xf0
.end:
limits:
    dw      1, 2
    boot_signature
