; SPDX-License-Identifier: GPL-3.0-or-later
; String instructions at the ends of a segment: SI and DI wrap within 16 bits, upward and downward, and leave the upper halves
; alone; with the 32-bit address size they and ECX count in full, also over REP.

%include "test.inc"

    test_begin
    mov     ax, 0x1000
    mov     ds, ax
    mov     es, ax
    mov     esi, 0x5555fffc
    mov     edi, 0x6666fff8
    mov     ecx, 0x77770008
    mov     eax, 0x31323334
    rep     stosb
    call    registers
    mov     edi, 0x6666fffe
    stosw
    call    registers
    mov     edi, 4
    mov     si, 0xfffe
    movsw
    call    registers
    std
    mov     si, 2
    mov     di, 1
    mov     cx, 4
    rep     movsb                   ; down over 0
    call    registers
    lodsw
    call    registers
    scasb
    cmpsb
    call    registers
    cld
    mov     esi, 0x0000fffc
    mov     edi, 0x00008000
    mov     ecx, 0x00000003
    a32 rep movsb
    call    registers
    mov     edi, 0x8000
    mov     ecx, 0x00000005
    a32 repne scasb
    call    registers
    mov     ecx, 0x00010000         ; CX is 0, ECX not
    mov     edi, 0x00007ff0
    rep     stosb
    call    registers
    mov     edi, 0
    mov     ecx, 0x4000
    a32 rep stosd                   ; up to 64 KiB, exactly
    call    registers
    mov     edi, 0
    mov     ecx, 0x00010000
    a32 repe scasb
    call    registers
    test_end

registers:
    show32  eax
    show32  ecx
    show32  esi
    show32  edi
    newline
    ret
    boot_signature
