; SPDX-License-Identifier: GPL-3.0-or-later
; What tells of the processor: the ID flag, CPUID of leaf 0 and 1 (that there is a name, and TSC, CX8 and CMOV), RDTSC that runs
; on, RDMSR of the time stamp; an unknown register is #GP.
; judge: datasheet. QEMU reads 0 from registers that are not there (Intel SDM volume 2, RDMSR)
; qemu:  01 00000000 00000000
; right:  01 00000000# 0d fe 12345678

%include "test.inc"

    test_begin
    catch_faults
    pushfd
    pop     eax
    xor     eax, 0x200000
    push    eax
    popfd
    pushfd
    pop     ebx
    xor     eax, ebx
    show32  eax
    xor     eax, eax
    cpuid
    cmp     eax, 1
    setae   al
    test    ebx, ebx
    setnz   ah
    show16  ax
    mov     eax, 1
    cpuid
    and     ah, 15                  ; family
    show8   ah
    and     edx, 0x8110             ; CMOV, CX8, TSC
    show32  edx
    newline
    rdtsc
    mov     ebx, eax
    mov     ecx, edx
    mov     si, 1000
more:
    dec     si
    jnz     more
    rdtsc
    sub     eax, ebx
    sbb     edx, ecx
    setns   al
    show8   al
    show32  edx
    mov     ecx, 0x10
    try     rdmsr
    mov     ecx, 0x8badf00d
    mov     eax, 0x12345678
    try     rdmsr
    show32  eax
    newline
    test_end
    boot_signature
