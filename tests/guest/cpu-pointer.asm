; SPDX-License-Identifier: GPL-3.0-or-later
; Segment registers: LES, LDS, LSS, LFS and LGS with 16- and 32-bit offsets, MOV and POP to them, MOV from them (16 bits to
; memory, 32 to a wide register).

%include "test.inc"

    test_begin
    mov     eax, 0xffffffff
    mov     ebx, eax
    mov     ecx, eax
    mov     edx, eax
    les     ax, [pointer]
    lds     ebx, [pointer + 4]
    lfs     ecx, [cs:pointer + 2]
    lgs     dx, [cs:pointer + 6]
    mov     bp, sp
    lss     sp, [cs:pointer + 8]
    mov     si, ss
    push    cs
    pop     ss
    mov     sp, bp
    show32  eax
    show32  ebx
    show32  ecx
    show32  edx
    newline
    mov     ax, es
    show16  ax
    mov     eax, ds
    show32  eax
    mov     eax, -1
    mov     ax, fs
    show32  eax
    mov     [cs:memory], gs
    o32 mov [cs:memory + 2], es     ; two bytes nevertheless
    show32  [cs:memory]
    show16  si
    newline
    push    word 0x1234
    pop     es
    push    dword 0x98765678
    o32 pop ds
    push    word 0x4321
    pop     fs
    mov     ax, es
    show16  ax
    mov     ax, ds
    show16  ax
    mov     ax, fs
    show16  ax
    mov     ax, cs
    mov     ds, ax
    mov     es, [pointer]
    mov     cx, es
    show16  cx
    newline
    test_end

memory:
    dd      0, 0
pointer:
    dw      0x1111, 0x2222, 0x3333, 0x4444, 0x5555, 0x6666
    boot_signature
