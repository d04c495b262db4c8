; SPDX-License-Identifier: GPL-3.0-or-later
; A tenant that writes down what it finds: its registers as they are at its first instruction, and those that no machine state
; has. All of it goes to 20000h, where the test compares it, and all other memory with it.

    bits    16
    org     0x7c00
    cpu     p3

PLACE       equ 0x2000              ; segment

    mov     [cs:save_eax], eax
    mov     eax, esp
    mov     [cs:save_esp], eax
    mov     [cs:save_ds], ds
    mov     [cs:save_es], es
    mov     [cs:save_ss], ss
    pushfd                          ; to the stack that there is, at its own place
    pop     eax
    mov     [cs:save_flags], eax
    mov     al, 0xff                ; the host's time is none of what is looked for
    out     0x21, al
    mov     ax, PLACE
    mov     ds, ax
    mov     [0x04], ebx
    mov     [0x08], ecx
    mov     [0x0c], edx
    mov     [0x10], esi
    mov     [0x14], edi
    mov     [0x18], ebp
    mov     [0x1c], fs
    mov     [0x20], gs
    mov     eax, [fs:0]             ; their bases
    mov     [0x24], eax
    mov     eax, [gs:0]
    mov     [0x28], eax
    sgdt    [0x30]
    sidt    [0x38]
    mov     eax, cr0
    mov     [0x40], eax
    mov     eax, cr2
    mov     [0x44], eax
    mov     eax, cr3
    mov     [0x48], eax
    mov     eax, cr4
    mov     [0x4c], eax
    mov     eax, dr0
    mov     [0x50], eax
    mov     eax, dr1
    mov     [0x54], eax
    mov     eax, dr2
    mov     [0x58], eax
    mov     eax, dr3
    mov     [0x5c], eax
    mov     eax, dr6
    mov     [0x60], eax
    mov     eax, dr7
    mov     [0x64], eax
    in      al, 0x92
    mov     [0x68], al
    fnsave  [0x100]
    mov     eax, 0x200
    mov     cr4, eax
    fxsave  [0x200]
    mov     word [es:6 * 4], undefined
    mov     word [es:6 * 4 + 2], 0
    db      0xf0, 0x0f, 0x20, 0xc0  ; LOCK MOV EAX, CR0: CR8, of processors of AMD
    nop
    mov     [0x6c], eax
    mov     word [es:13 * 4], protected
    mov     word [es:13 * 4 + 2], 0
    mov     si, registers
    mov     di, 0x400
.next:
    mov     ecx, [cs:si]
    add     si, 4
    xor     eax, eax
    xor     edx, edx
    rdmsr
    mov     [di], eax
    mov     [di + 4], edx
    add     di, 8
    cmp     si, registers_end
    jb      .next
    sti
    mov     cx, 1000
.wait:                              ; for what may come
    loop    .wait
    cli
    mov     word [0x70], 0x600d
    hlt
undefined:
    mov     bp, sp
    add     word [ss:bp], 4
    iret

protected:
    mov     bp, sp
    add     word [ss:bp], 2         ; RDMSR
    iret

registers:                          ; those of leave.asm that hold what is written
    dd      0x174, 0x175, 0x176, 0x277, 0xc0000081, 0xc0000082, 0xc0000083, 0xc0000100, 0xc0000101, 0xc0000102, 0xc0000103
    dd      0x4b564d00, 0x4b564d01
registers_end:

save_eax:   dd 0
save_esp:   dd 0
save_flags: dd 0
save_ds:    dw 0
save_es:    dw 0
save_ss:    dw 0
    times 510 - ($ - $$) db 0
    dw      0xaa55
