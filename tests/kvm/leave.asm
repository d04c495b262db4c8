; SPDX-License-Identifier: GPL-3.0-or-later
; A tenant that leaves something where the next one (look.asm) looks. HOW says what, and how it ends. Entered at 0:7C00h in real
; mode, with the registers of reset.

    bits    16
    org     0x7c00
    cpu     p3

REGISTERS   equ 0   ; general, segment, debug, control and table registers, all of memory
COPROCESSOR equ 1   ; x87 and MMX
VECTORS     equ 2   ; SSE
MODEL       equ 3   ; model-specific registers, CR8
COPY        equ 4   ; is in the midst of a string instruction from where no memory is
RESET       equ 5   ; is in the midst of the OUT that resets it
TRIPLE      equ 6   ; dies of a triple fault
STEP        equ 7   ; steps through its code, trap after trap
FAULTS      equ 8   ; faults again and again
STOP        equ 9   ; is in the midst of the OUT that stops it
PAGING      equ 10  ; pages
GATE        equ 11  ; A20 is off
INPUT       equ 12  ; reads a port again and again
SHADOW      equ 13  ; is always just behind STI
WINDOW      equ 14  ; waits for an interrupt that it does not let in

PAINT       equ 0xa5a5a5a5
UART_DATA   equ 0x3f8

    xor     ax, ax
    mov     ds, ax
    mov     es, ax
    mov     ss, ax
    mov     sp, 0x7c00

%if HOW == REGISTERS
    ; All memory from 500h to this code and from behind it to A0000h, and the video's.
    mov     edi, PAINT
    mov     bx, 0x50
.paint:
    mov     ds, bx
    xor     si, si
.line:
    mov     [si], edi
    add     si, 4
    cmp     si, 16
    jb      .line
    inc     bx
    cmp     bx, 0x7c0
    jne     .further
    mov     bx, 0x7e0
.further:
    cmp     bx, 0xc000
    jb      .paint
    xor     ax, ax
    mov     ds, ax
    ; The hidden parts of FS and GS: base 12345678h, limit 4 GiB.
    lgdt    [gdt]
    mov     eax, cr0
    or      al, 1
    mov     cr0, eax
    mov     bx, 8
    mov     fs, bx
    mov     gs, bx
    mov     bx, 16
    lldt    bx
    mov     bx, 24
    ltr     bx
    and     al, 0xfe
    mov     cr0, eax
    or      eax, 0x50022
    mov     cr0, eax            ; AM, WP, NE, MP
    mov     eax, PAINT
    mov     cr2, eax
    mov     eax, 0x5a5a5000
    mov     cr3, eax
    mov     eax, 0xc
    mov     cr4, eax
    mov     eax, 0x7c00
    mov     dr0, eax
    mov     eax, 0x7c04
    mov     dr1, eax
    mov     eax, PAINT
    mov     dr2, eax
    mov     dr3, eax
    mov     eax, 0xffff4ff3
    mov     dr6, eax
    mov     eax, 0x5a5a070a
    mov     dr7, eax            ; breakpoints at the next tenant's first instructions
    lidt    [idt]
    mov     eax, PAINT
    mov     ebx, eax
    mov     ecx, eax
    mov     edx, eax
    mov     esi, eax
    mov     edi, eax
    mov     ebp, eax
    mov     esp, eax
    push    dword 0x247fd5 & ~0x4300
    popfd
    mov     ax, 0xa5a5
    mov     ds, ax
    mov     es, ax
    hlt
%elif HOW == COPROCESSOR
    fninit
    fldpi
    fldl2t
    fldcw   [control]
    movq    mm3, [paint]
    movq    mm7, [paint]
    hlt
%elif HOW == VECTORS
    mov     eax, 0x200
    mov     cr4, eax
    movups  xmm0, [paint]
    movups  xmm7, [paint]
    ldmxcsr [mask]
    hlt
%elif HOW == MODEL
    mov     word [6 * 4], skip_ud
    mov     word [6 * 4 + 2], 0
    mov     word [13 * 4], skip
    mov     word [13 * 4 + 2], 0
    mov     si, registers
.next:
    lodsd
    mov     ecx, eax
    jecxz   .done
    mov     eax, PAINT
    mov     edx, eax
    wrmsr
    nop
    jmp     .next
.done:
    mov     eax, 5
    db      0xf0, 0x0f, 0x22, 0xc0 ; LOCK MOV CR0, EAX: CR8, of processors of AMD
    nop
    hlt
skip:
    mov     bp, sp
    add     word [bp], 2
    iret
skip_ud:
    mov     bp, sp
    add     word [bp], 4
    iret
registers:
    dd      0x174, 0x175, 0x176, 0x277, 0x1d9, 0xc0000080, 0xc0000081, 0xc0000082, 0xc0000083, 0xc0000100, 0xc0000101
    dd      0xc0000102, 0xc0000103, 0x1b, 0x200, 0x201, 0x2ff, 0x10, 0x3b, 0x11, 0x12, 0x4b564d00, 0x4b564d01, 0xda0
    dd      0xc0010117, 0x186, 0xc1, 0
%elif HOW == COPY
    mov     ax, 0xc000
    mov     ds, ax
    mov     ax, 0x1000
    mov     es, ax
.again:
    mov     cx, 0xffff
    rep movsb
    jmp     .again
%elif HOW == RESET
    mov     eax, PAINT
    mov     al, 1
    out     0x92, al
    hlt
%elif HOW == TRIPLE
    lidt    [zeroes]
    mov     eax, PAINT
    mov     cr2, eax
    int3
%elif HOW == STEP
    mov     word [1 * 4], trap
    mov     word [1 * 4 + 2], 0
    push    word 0x102
    popf
.loop:
    inc     ax
    in      al, 0x61
    jmp     .loop
trap:
    iret
%elif HOW == FAULTS
    mov     word [6 * 4], undefined
    mov     word [6 * 4 + 2], 0
undefined:
    mov     sp, 0x7c00
    ud2
%elif HOW == STOP
    mov     eax, PAINT
    mov     dx, 0xd20
    out     dx, al
    hlt
%elif HOW == PAGING
    ; One table of pages of 4 MiB, each where it is.
    mov     edi, 0x10000
    mov     eax, 0x83
    mov     ax, 0x1000
    mov     es, ax
    xor     di, di
    mov     eax, 0x83
.entry:
    stosd
    add     eax, 0x400000
    cmp     di, 0x1000
    jb      .entry
    mov     eax, 0x10000
    mov     cr3, eax
    mov     eax, 0x10
    mov     cr4, eax
    mov     eax, 0x80000011
    mov     cr0, eax
    jmp     $
%elif HOW == GATE
    xor     al, al
    out     0x92, al
    mov     ax, 0xffff
    mov     ds, ax
    mov     dword [0x1010], PAINT
    hlt
%elif HOW == INPUT
    mov     dx, 0x80
.in:
    in      eax, dx
    not     eax
    in      eax, dx
    jmp     .in
%elif HOW == SHADOW
.sti:
    sti
    cli
    jmp     .sti
%elif HOW == WINDOW
    ; The timer's interrupt comes in time, and waits.
    mov     al, 0x34
    out     0x43, al
    mov     al, 0x10
    out     0x40, al
    out     0x40, al
    mov     al, 0xfe
    out     0x21, al
    cli
    jmp     $
%endif

    align   8, db 0
paint:
    times 4 dd PAINT
control:
    dw      0x127f
mask:
    dd      0x9f80
zeroes:
    times 6 db 0
idt:
    dw      0x3fe
    dd      0x10
    align   8, db 0
table:
    dq      0
    dw      0xffff, 0x5678, 0x9334, 0x12cf
    dw      0x00ff, 0x6000, 0x8201, 0x0000
    dw      0x0067, 0x7000, 0x8901, 0x0000
gdt:
    dw      $ - table - 1
    dd      table
    times 510 - ($ - $$) db 0
    dw      0xaa55
