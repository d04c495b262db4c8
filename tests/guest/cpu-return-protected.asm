; SPDX-License-Identifier: GPL-3.0-or-later
; IRET, RETF and single steps in protected mode: words and double words, flags that come back (IOPL too), TF through an interrupt
; gate, and #GP for what is no code, then SP as before.

%include "test.inc"
%include "protected.inc"

    test_begin
    protected_faults
    protected_begin
    push    word 0x3cd7             ; IOPL 3, no NT, TF or IF
    push    cs
    push    word to1
    iret
to1:
    show_flags 0xfcff
    push    dword 0x00040002        ; AC
    push    dword CODE_SELECTOR
    push    dword to2
    iretd
to2:
    pushfd
    pop     eax
    show32  eax
    show16  sp
    push    dword CODE_SELECTOR
    push    dword to3
    o32 retf
to3:
    push    word 2
    push    word DATA_SELECTOR
    push    word to3
    try     iret
    show16  sp
    newline
    mov     word [IDT + 8], stepped
    push    word 0x102
    popf
    nop                             ; IP behind this one
step_ip:
    show_flags 0x100
    newline
    test_end

stepped:
    push    bp
    mov     bp, sp
    and     word [bp + 6], ~0x100
    mov     bp, [bp + 2]
    sub     bp, step_ip
    show16  bp
    pop     bp
    iret

    gdt_begin
    gdt_end
    boot_signature
