; SPDX-License-Identifier: GPL-3.0-or-later
; How a program finds out that there is no coprocessor: FNINIT and FNSTSW change nothing, CPUID says so (bit 0 of EDX). The vmm's
; machine has none, QEMU's one cannot be taken out.
; judge: datasheet. The machine is one without a coprocessor (Intel SDM volume 1, 8.1; 80387 Programmer's Reference, "recognizing
;   the coprocessor")
; qemu:  0000 037f 0001
; right:  5a5a 5a5a 0000
; lab: KVM does not take a coprocessor out that the processor has; CPUID says so all the same
; from:  5a5a 5a5a 0000
; kvm:  0000 037f 0000

%include "test.inc"

    test_begin
    mov     word [word_here], 0x5a5a
    fninit
    fnstsw  [word_here]
    show16  [word_here]
    mov     word [word_here], 0x5a5a
    fnstcw  [word_here]
    show16  [word_here]
    mov     eax, 1
    cpuid
    and     dx, 1
    show16  dx
    newline
    test_end

word_here:
    dw      0
    boot_signature
