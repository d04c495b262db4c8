; SPDX-License-Identifier: GPL-3.0-or-later
; Control and debug registers: CR0's ET cannot be cleared, CR2 and CR3 hold what they are given, CR1 does not exist; LMSW and
; SMSW; CLTS; DR0 to DR3, the fixed bits of DR6 and DR7.

%include "test.inc"

    test_begin
    catch_faults
    mov     eax, cr0
    mov     ebx, eax
    and     al, 0xef
    or      al, 0x2a                ; MP, TS, NE
    mov     cr0, eax
    mov     ecx, cr0
    and     ecx, 0x3b
    show32  ecx
    smsw    dx
    and     dx, 0x3f
    show16  dx
    clts
    smsw    [word_here]
    and     word [word_here], 0x3f
    show16  [word_here]
    mov     ax, 4
    lmsw    ax
    mov     ecx, cr0
    and     ecx, 0x3f
    show32  ecx
    mov     cr0, ebx
    mov     eax, 0x12345678
    mov     cr2, eax
    mov     ecx, cr2
    show32  ecx
    try     db 0x0f, 0x20, 0xc8     ; MOV EAX, CR1
    newline
    mov     eax, 0x89abcdef
    mov     dr0, eax
    mov     dr3, eax
    mov     ecx, dr3
    show32  ecx
    xor     eax, eax
    mov     dr6, eax
    mov     dr7, eax
    mov     ecx, dr6
    show32  ecx
    mov     ecx, dr7
    show32  ecx
    newline
    test_end

word_here:
    dw      0
    boot_signature
