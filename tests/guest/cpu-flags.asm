; SPDX-License-Identifier: GPL-3.0-or-later
; FLAGS and EFLAGS: which bits POPF and POPFD set and PUSHF shows (bit 1 is always set, 3, 5 and 15 never), AC and ID, IOPL and
; NT in real mode, what a word leaves of the upper half; CLC to STD, CMC, SALC, LAHF, SAHF.

%include "test.inc"

    test_begin
    push    word 0xffff & ~0x0300   ; without TF and IF
    popf
    pushf
    pop     ax
    show16  ax
    push    word 0
    popf
    pushf
    pop     ax
    show16  ax
    push    dword 0x00240000        ; AC, ID
    popfd
    push    word 0x08d5
    popf
    pushfd
    pop     eax
    show32  eax
    push    dword 0xffd9ff28        ; what does not exist, and VM, VIF, VIP, but not RF
    and     dword [esp], ~0x300
    popfd
    pushfd
    pop     eax
    and     eax, 0xffe7ffff         ; without VIF and VIP: their place is VME's matter
    show32  eax
    push    dword 0x00010002        ; RF is not kept
    popfd
    pushfd
    pop     eax
    show32  eax
    newline
    clc
    cmc
    std
    show_flags 0xffff
    stc
    cmc
    cld
    show_flags 0xffff
    sti
    nop
    pushf
    cli
    pop     ax
    and     ax, 0x200
    show16  ax
    mov     ah, 0xff
    sahf
    show_flags 0xffff
    lahf
    show16  ax
    mov     ah, 0
    sahf
    lahf
    show16  ax
    stc
    db      0xd6                    ; SALC
    show16  ax
    clc
    db      0xd6
    show16  ax
    newline
    test_end
    boot_signature
