; SPDX-License-Identifier: GPL-3.0-or-later
; #UD: UD2, opcodes and registers that are not there, instructions of memory with a register and the other way round,
; instructions of protected mode in real mode, LOCK before what takes none. IP is that of the instruction, prefixes included.
; judge: datasheet. QEMU ignores the reg field of 8Fh, C6h and C7h, where only /0 is defined (Intel SDM volume 2, table A-6),
;   and LOCK before instructions that do not write memory (LOCK)
; qemu:  9090c88fnone
; right:  9090c88f# 06 85
; qemu:  9000c8c6none
; right:  9000c8c6# 06 85
; qemu:  0000c8c7none
; right:  0000c8c7# 06 85
; qemu:  078b66f0none
; right:  078b66f0# 06 85
; qemu:  07f6f03enone
; right:  07f6f03e# 06 85
; qemu:  07a30ff0none
; right:  07a30ff0# 06 85
; lab: the laboratory's processor is QEMU's

%include "test.inc"

    test_begin
    catch_faults
    mov     si, cases
next:
    mov     di, code
    mov     cx, 6
    mov     eax, 0x90909090
    mov     [di], eax
    mov     [di + 4], eax
    mov     cl, [si]                ; length
    inc     si
    rep     movsb
    mov     eax, 0x1000
    mov     ebx, eax
    mov     ecx, eax
    mov     di, code
    show32  [di]
    mov     word [test_resume], behind
    mov     ax, code                ; what the pushed IP is compared with
    jmp     code
behind:
    newline
    cmp     si, cases.end
    jne     next
    test_end

%macro is 1+
    db      %%end - %%begin
%%begin:
    db      %1
%%end:
%endmacro
cases:
    is      0x0f, 0x0b              ; UD2
    is      0x0f, 0xff, 0xc0        ; UD0
    is      0x0f, 0xb9, 0xc0        ; UD1
    is      0x8e, 0xc8              ; MOV CS, AX
    is      0x8e, 0xf0              ; Sreg 6
    is      0x8c, 0xf8              ; Sreg 7
    is      0xc4, 0xc1              ; LES AX, CX
    is      0xc5, 0xc1              ; LDS
    is      0x0f, 0xb2, 0xc1        ; LSS
    is      0x62, 0xc1              ; BOUND
    is      0x8d, 0xc1              ; LEA
    is      0xfe, 0xd0              ; FEh /2
    is      0xff, 0xf8              ; FFh /7
    is      0xff, 0xd8              ; far CALL by register
    is      0xff, 0xe8              ; far JMP by register
    is      0x8f, 0xc8              ; 8Fh /1
    is      0xc6, 0xc8, 0           ; C6h /1
    is      0xc7, 0xc8, 0, 0        ; C7h /1
    is      0x0f, 0xba, 0xd8, 1     ; BAh /3
    is      0x0f, 0xc7, 0xc8        ; CMPXCHG8B of a register
    is      0x63, 0xc0              ; ARPL
    is      0x0f, 0x00, 0xc0        ; SLDT
    is      0x0f, 0x00, 0xd8        ; LTR
    is      0x0f, 0x02, 0xc0        ; LAR
    is      0x0f, 0x03, 0xc0        ; LSL
    is      0xf0, 0x90              ; LOCK NOP
    is      0xf0, 0x01, 0xc8        ; LOCK ADD AX, CX
    is      0xf0, 0x39, 0x07        ; LOCK CMP [BX], AX
    is      0xf0, 0x66, 0x8b, 0x07  ; LOCK MOV
    is      0x3e, 0xf0, 0xf6, 0x07, 1 ; LOCK TEST
    is      0xf0, 0x0f, 0xa3, 0x07  ; LOCK BT
    is      0x66, 0x0f, 0x0b
.end:
code:
    times 8 nop
    say     "none"
    newline
    jmp     next
    boot_signature
