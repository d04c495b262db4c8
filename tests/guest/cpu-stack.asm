; SPDX-License-Identifier: GPL-3.0-or-later
; PUSH and POP in all forms and sizes, PUSH SP, POP SP, PUSHA, POPA, PUSHAD, POPAD, POP to memory relative to ESP, PUSHF and
; POPF as words and double words.

%include "test.inc"

    test_begin
    mov     esp, 0x7000
    mov     eax, 0x11112222
    push    ax
    push    eax
    push    sp
    push    esp
    push    byte -2
    push    word 0x1234
    o32 push byte -3
    push    dword 0x89abcdef
    push    cs
    push    ds
    o32 push ss
    push    word [esp + 4]
    push    dword [esp + 2]
    push    fs
    o32 push gs
    call    dump
    mov     sp, 0x7000
    pop     word [0x6000]
    mov     esp, 0x6fe0
    pop     dword [esp]             ; the address is that after the pop: 6FE4h
    show32  [0x6fe4]
    pop     word [esp + 2]
    show32  [0x6fe8]
    pop     bx
    show16  bx
    pop     sp
    show16  sp
    newline

    mov     esp, 0x7000
    mov     eax, 0xa1a2a3a4
    mov     ebx, 0xb1b2b3b4
    mov     ecx, 0xc1c2c3c4
    mov     edx, 0xd1d2d3d4
    mov     esi, 0xe1e2e3e4
    mov     edi, 0xf1f2f3f4
    mov     ebp, 0x91929394
    pusha
    pushad
    push    word 0x1111
    call    dump
    mov     esp, 0x5a007000 - 32
    popad
    show32  ebp
    show32  esi
    show32  edi
    show32  esp
    mov     esp, 0x7000 - 32
    popa
    show32  ebp
    show32  edi
    show32  esp
    newline
    push    dword 0x00000ad7
    popfd
    pushfd
    pop     eax
    and     eax, 0xfffff
    show32  eax
    push    word 0x0085
    popf
    pushf
    pop     ax
    show16  ax
    newline
    test_end

; Shows the words from SP + 2 up to 7000h.
dump:
    mov     [.ax], ax
    mov     ax, sp
    add     ax, 2
    push    si
    mov     si, ax
.next:
    show16  [si]
    add     si, 2
    cmp     si, 0x7000
    jb      .next
    newline
    mov     ax, [.ax]
    pop     si
    ret
.ax:
    dw      0
    boot_signature
