; SPDX-License-Identifier: GPL-3.0-or-later
; The same as chance.asm with a 32-bit code segment and stack in protected mode: segments of 4 GiB with other bases, exceptions by
; 32-bit gates. What is folded: EDI, ESI, EBP, ESP, EBX, EDX, ECX, EAX, DS, the vector, four double words from the stack (an error
; code perhaps, EIP, CS, EFLAGS and what was there), SS, ES, FS, GS.

%include "test.inc"
%include "protected.inc"

SECTORS equ 3                       ; behind the first
START   equ 0x8000
SAVED   equ 0x500
GATES   equ 0x1000                  ; 256 of them, and code for each
ENTRIES equ 0x1800

FLAT    equ 0x18                    ; data of the monitor, whose code is at 08h, 32-bit, from 0 on
STEPPED equ 0x20
DATA1   equ 0x28                    ; DS, FS
DATA2   equ 0x30                    ; ES, GS
STACK   equ 0x38

    test_begin
    sti
    mov     ax, 0x0200 + SECTORS
    mov     bx, 0x7e00
    mov     cx, 2
    int     0x13                    ; the other sectors, from where this one came
    cli
    jmp     begin
    boot_signature

begin:
    mov     al, 0xff                ; no interrupts, whatever IF is
    out     0x21, al
    mov     ax, 0x2000              ; four segments
segments:
    mov     es, ax
    push    ax
    xor     di, di
    mov     cx, 0x4000
fill:
    call    chance16
    stosd
    loop    fill
    pop     ax
    add     ah, 0x10
    cmp     ah, 0x60
    jne     segments
    lgdt    [gdt]
    lidt    [idt]
    mov     eax, cr0
    inc     ax
    mov     cr0, eax
    jmp     CODE_SELECTOR:monitor

chance16:
    imul    eax, [seed], 1664525
    add     eax, 1013904223
    mov     [seed], eax
    ret

    bits    32
monitor:
    xor     eax, eax
    lldt    ax                      ; selectors of a local table are all #GP
    mov     ax, FLAT
    mov     ds, ax
    mov     es, ax
    mov     ss, ax
    mov     esp, 0x7c00
    mov     esi, GATES
    mov     edi, ENTRIES
    xor     ecx, ecx
gates:
    mov     eax, edi
    mov     word [esi], ax
    mov     dword [esi + 2], 0x8e000000 | CODE_SELECTOR
    mov     word [esi + 6], 0
    mov     al, 0x68                ; PUSH imm32
    stosb
    mov     eax, ecx
    stosd
    mov     al, 0xe9                ; JMP
    stosb
    mov     eax, trap - 4
    sub     eax, edi
    stosd
    add     esi, 8
    inc     ecx
    cmp     ecx, 256
    jne     gates

step:
    mov     edi, 0x50000 + START
    call    chance
    shr     eax, 24
    mov     ebx, eax
    and     ebx, 7
    test    al, 8
    jz      no_prefix
    mov     al, [prefixes + ebx]
    cmp     al, 0
    je      no_prefix
    stosb
no_prefix:
    call    chance
    shr     eax, 8
    xor     edx, edx
    mov     ecx, (opcodes.end - opcodes) / 2
    div     ecx
    mov     ax, [opcodes + edx * 2]
    stosb
    mov     al, ah
    cmp     al, 0
    je      one_byte
    stosb
one_byte:
    call    chance
    ror     eax, 8
    and     eax, BYTES
    mov     bl, al                  ; no ESP as an operand: the exception would be pushed anywhere
    and     bl, 0x38
    cmp     bl, 0x20
    jne     other_reg
    xor     al, 0x20
other_reg:
    mov     bl, al
    and     bl, 0xc7
    cmp     bl, 0xc4
    jne     other_operand
    xor     al, 0x04
other_operand:
    stosd
    call    chance
  %if BYTES >> 24 == 0
    xor     eax, eax
  %endif
    stosd
    stosd
    mov     edi, SAVED
    mov     ecx, 8
numbers:
    call    chance
    ror     eax, 12
    and     eax, REGISTERS
    or      eax, LEAST
    stosd
    loop    numbers
    mov     eax, [SAVED + 12]
    and     eax, 0x3ffe
    add     eax, 0x4000
    mov     [stack], eax
    call    chance
    shr     eax, 16
    and     eax, FLAGS
    or      eax, 0x102
    mov     [flags], eax
    mov     esp, SAVED
    popad
    mov     ss, [selectors + 6]
    mov     esp, [stack]
    push    dword [flags]
    push    dword STEPPED
    push    dword START
    mov     es, [selectors + 4]
    mov     gs, [selectors + 4]
    mov     fs, [selectors + 2]
    mov     ds, [selectors + 2]
    iret

trap:
    push    ds
    push    dword FLAT
    pop     ds
    pop     dword [SAVED + 32]
    pop     dword [SAVED + 36]
    pop     dword [SAVED + 40]
    pop     dword [SAVED + 44]
    pop     dword [SAVED + 48]
    pop     dword [SAVED + 52]
    mov     [stack], esp
    mov     [SAVED + 56], ss
    mov     [SAVED + 58], es
    mov     [SAVED + 60], fs
    mov     [SAVED + 62], gs
    mov     ss, [selectors]
    mov     esp, SAVED + 32
    pushad
    mov     esp, 0x7c00
    push    dword 2                 ; without NT, too
    popfd
    mov     edi, [stack]
    mov     [SAVED + 12], edi
    mov     ax, FLAT
    mov     es, ax
    mov     ecx, [SAVED + 36]       ; undefined flags shall neither count nor stay in memory
    mov     esi, SAVED + 48
    cmp     ecx, 31
    ja      no_error_code
    bt      dword [error_vectors], ecx
    jnc     no_error_code
    add     esi, 4
    and     dword [SAVED + 48], 0xffff ; the upper half of CS is undefined
no_error_code:
    and     dword [esi], FLAGS
    mov     ax, STACK
    mov     es, ax
    mov     eax, [SAVED + 48]
    mov     [es:edi - 8], eax
    mov     eax, [SAVED + 52]
    mov     [es:edi - 4], eax
    mov     ax, FLAT
    mov     es, ax
  %ifdef VERBOSE
    show32  [0x50000 + START]
    show32  [0x50000 + START + 4]
  %endif
    mov     esi, SAVED
    mov     ecx, 16
fold:
    lodsd
  %ifdef VERBOSE
    show32  eax
  %endif
    rol     dword [test_sum], 5
    xor     [test_sum], eax
    loop    fold
  %ifdef VERBOSE
    newline
  %endif
    dec     dword [steps]
    jnz     step

    mov     esi, 0x20000
    mov     ecx, 0x10000
    xor     edx, edx
sum:
    lodsd
    rol     edx, 5
    xor     edx, eax
    loop    sum
    show32  [test_sum]
    show32  edx
    newline
    say     "done", LF
    mov     edx, EXIT_PORT
    out     dx, al
    hlt

; A linear congruential generator (Numerical Recipes' constants): EAX.
chance:
    imul    eax, [seed], 1664525
    add     eax, 1013904223
    mov     [seed], eax
    ret

    test_routines

    align   4, db 0
error_vectors:
    dd      ERROR_VECTORS
seed:
    dd      SEED
test_sum:
    dd      0
stack:
    dd      0
flags:
    dd      0
steps:
    dd      STEPS
selectors:
    dw      FLAT, DATA1, DATA2, STACK
idt:
    dw      256 * 8 - 1
    dd      GATES
gdt:
    dw      gdt_limit
    dd      gdt
    dw      0
    segment_descriptor 0, 0xfffff, 0x9b, FLAG_32 | FLAG_4K
    segment_descriptor 0, 0xfffff, 0x93
    segment_descriptor 0, 0xfffff, 0x93, FLAG_32 | FLAG_4K
    segment_descriptor 0x50000, 0xfffff, 0x9b, FLAG_32 | FLAG_4K
    segment_descriptor 0x20000, 0xfffff, 0x93, FLAG_32 | FLAG_4K
    segment_descriptor 0x30000, 0xfffff, 0x93, FLAG_32 | FLAG_4K
    segment_descriptor 0x40000, 0xfffff, 0x93, FLAG_32 | FLAG_4K
gdt_limit equ $ - gdt - 1
prefixes:
    db      PREFIXES
opcodes:
    dw      OPCODES
.end:
    times (1 + SECTORS) * 512 - ($ - $$) db 0
