; SPDX-License-Identifier: GPL-3.0-or-later
; Instructions by chance, in real mode: chance.py makes images of it, of more than one sector. STEPS times it writes one of the
; opcodes at `opcodes`, and eleven bytes by chance behind it, puts numbers by chance into the registers, and takes one step with the
; trap flag set. All interrupts and exceptions come to one place, which folds registers, IP, flags, segments and the vector into a
; sum. In the end it prints that, and a sum over the memory that the instructions could reach.
;
; Defined from outside: SEED, STEPS, FLAGS (those that are looked at), REGISTERS and LEAST (a mask for the numbers, and bits that
; all have), BYTES (a mask for the first four bytes behind the opcode; with a zero in its highest byte the others are zero),
; OPCODES (words: an opcode, and above it the byte that follows, or 0 for any), and PREFIXES, eight bytes, one of which comes before
; half of the opcodes; 0 is none. With -DVERBOSE each step prints the bytes of the instruction and what is folded.

%include "test.inc"

SECTORS equ 3                       ; behind the first
CODE    equ 0x5000                  ; segments: 20000h DS and FS, 30000h ES and GS, 40000h SS, 50000h CS
START   equ 0x8000
SAVED   equ 0x500                   ; what is folded: EDI, ESI, EBP, ESP, EBX, EDX, ECX, EAX, then the rest

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
    mov     cx, 0x100               ; all vectors lead to `trap`, with the vector in CS
    mov     bx, 0x3fc
vectors:
    mov     ax, cx
    dec     ax
    mov     [bx + 2], ax
    shl     ax, 4
    neg     ax
    add     ax, trap
    mov     [bx], ax
    sub     bx, 4
    loop    vectors

    lgdt    [table]                 ; no limits: QEMU knows none
    mov     eax, cr0
    inc     ax
    mov     cr0, eax
    mov     bx, flat - table
    mov     ds, bx
    mov     es, bx
    mov     fs, bx
    mov     gs, bx
    mov     ss, bx
    dec     ax
    mov     cr0, eax
    xor     ax, ax
    mov     ds, ax
    mov     ss, ax

    mov     ax, 0x2000              ; four segments
segments:
    mov     es, ax
    push    ax
    xor     di, di
    mov     cx, 0x4000
fill:
    call    chance
    stosd
    loop    fill
    pop     ax
    add     ah, 0x10
    cmp     ah, 0x60
    jne     segments

step:
    mov     ax, CODE
    mov     es, ax
    mov     di, START
    call    chance
    shr     eax, 24
    mov     bx, ax
    and     bx, 7
    test    al, 8
    jz      no_prefix
    mov     al, [prefixes + bx]
    cmp     al, 0
    je      no_prefix
    stosb
no_prefix:
    call    chance
    shr     eax, 8
    xor     edx, edx
    mov     ecx, (opcodes.end - opcodes) / 2
    div     ecx
    mov     bx, dx
    add     bx, bx
    mov     ax, [opcodes + bx]
    stosb
    mov     al, ah
    cmp     al, 0
    je      one_byte
    stosb
one_byte:
    call    chance
    ror     eax, 8
    and     eax, BYTES
    stosd
    call    chance
  %if BYTES >> 24 == 0
    xor     eax, eax
  %endif
    stosd
    stosd
    mov     di, SAVED
    xor     cx, cx
    mov     es, cx
    mov     cl, 8
numbers:
    call    chance
    ror     eax, 12
    and     eax, REGISTERS
    or      eax, LEAST
    stosd
    loop    numbers
    mov     bp, [SAVED + 12]
    and     bp, 0x7ffe
    add     bp, 0x4000
    call    chance
    shr     eax, 16
    and     ax, FLAGS
    or      ax, 0x102
    mov     [start + 4], ax
    mov     [stack], bp
    mov     sp, SAVED
    popad
    mov     ss, [segment4]
    mov     sp, [stack]
    push    word [start + 4]
    push    dword [start]
    mov     es, [segment3]
    mov     gs, [segment3]
    mov     fs, [segment2]
    mov     ds, [segment2]
    iret

trap:
    push    ds
    push    word 0
    pop     ds
    pop     word [SAVED + 32]       ; DS
    pop     dword [SAVED + 34]      ; IP, CS
    pop     word [SAVED + 38]
    and     word [SAVED + 38], FLAGS
    push    word [SAVED + 38]       ; undefined flags shall not stay in memory
    inc     sp
    inc     sp
    mov     [stack], sp
    mov     [SAVED + 40], ss
    mov     [SAVED + 42], es
    mov     [SAVED + 44], fs
    mov     [SAVED + 46], gs
    mov     [SAVED + 48], cs        ; the vector
    mov     word [SAVED + 50], 0
    mov     ss, [SAVED + 50]
    mov     sp, SAVED + 32
    pushad
    mov     sp, [stack]
    mov     [SAVED + 12], sp
    mov     sp, 0x7c00
    jmp     0:back
back:
  %ifdef VERBOSE
    mov     ax, CODE
    mov     ds, ax
    show32  [START]
    show32  [START + 4]
    xor     ax, ax
    mov     ds, ax
  %endif
    mov     si, SAVED
    mov     cx, 13
    cld
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
    dec     word [steps]
    jnz     step

    mov     ax, 0x2000
    xor     edx, edx
sums:
    mov     ds, ax
    xor     si, si
    mov     cx, 0x4000
    push    ax
sum:
    lodsd
    rol     edx, 5
    xor     edx, eax
    loop    sum
    pop     ax
    add     ah, 0x10
    cmp     ah, 0x60
    jne     sums
    xor     ax, ax
    mov     ds, ax
    show32  [test_sum]
    show32  edx
    newline
    jmp     test_done

; A linear congruential generator (Numerical Recipes' constants): EAX.
chance:
    imul    eax, [seed], 1664525
    add     eax, 1013904223
    mov     [seed], eax
    ret

seed:
    dd      SEED
test_sum:
    dd      0
start:
    dw      START, CODE, 0
stack:
    dw      0
steps:
    dw      STEPS
table:
    dw      flat - table + 7
    dd      table
    dw      0
flat:
    dd      0x0000ffff, 0x008f9200  ; writable data of 4 GiB
segment2:
    dw      0x2000
segment3:
    dw      0x3000
segment4:
    dw      0x4000
prefixes:
    db      PREFIXES
opcodes:
    dw      OPCODES
.end:
    db      0
    times (1 + SECTORS) * 512 - ($ - $$) db 0
