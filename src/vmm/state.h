/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One virtual machine but for its memory, as plain data: no pointer, nothing of the host, the same bytes for
 * the same machine (unused fields and padding are zero, so that states may be compared and stored as bytes).
 */
#ifndef MVM_VMM_STATE_H
#define MVM_VMM_STATE_H

#include "vmm/dev/disk.h"
#include "vmm/dev/keyboard.h"
#include "vmm/dev/pic.h"
#include "vmm/dev/pit.h"
#include "vmm/dev/rtc.h"
#include "vmm/dev/uart.h"
#include "vmm/dev/vga.h"

#include <stddef.h>
#include <stdint.h>

/* The order of the ModR/M byte (Intel SDM volume 2, table 2-1) and of segment numbers in Sreg fields. */
enum { REG_AX, REG_CX, REG_DX, REG_BX, REG_SP, REG_BP, REG_SI, REG_DI };
enum { SEG_ES, SEG_CS, SEG_SS, SEG_DS, SEG_FS, SEG_GS, SEG_LDT, SEG_TR, SEG_COUNT };

struct cpu_segment {
    uint32_t base, limit;
    uint16_t selector;
    uint16_t access; /* bits 7-0: the descriptor's access byte; bits 11-8: G, D/B, L, AVL */
};

struct cpu_table {
    uint32_t base, limit;
};

struct cpu_state {
    uint32_t gpr[8];
    uint32_t eip, eflags;
    uint32_t cr0, cr2, cr3, cr4;
    struct cpu_segment seg[SEG_COUNT];
    struct cpu_table gdt, idt;
    uint32_t dr[8];
    uint8_t halted; /* HLT was executed and no interrupt has come since */
    uint8_t shadow; /* interrupts wait for one more instruction (after STI, MOV SS, POP SS) */
    uint8_t reserved[6];
};

/* Why a VM was stopped for good. */
enum vm_stop {
    VM_RUNS = 0,
    VM_STOP_TRIPLE_FAULT,   /* an exception within the delivery of a double fault */
    VM_STOP_UNKNOWN_OPCODE, /* an instruction that the CPU has but the emulation lacks (detail: first two
                               opcode bytes) */
    VM_STOP_EXCEPTION,      /* an exception that nobody handles reached the firmware (detail: vector) */
    VM_STOP_UNSUPPORTED, /* paging, privilege rings, tasks or virtual-8086 mode (detail: enum cpu_unsupported)
                          */
    VM_STOP_OUTPUT,      /* sent more than the limit without sleeping or being sent anything */
    VM_STOP_NO_MEMORY,   /* its state outgrew the population's memory limit */
    VM_STOP_NOT_STARTED, /* saved populations: a number between others that no VM had */
    VM_STOP_HOST,        /* the host's KVM could not run it further (detail: see cpu.h) */
    VM_STOP_COUNT,
};

struct machine_state {
    struct pit
        pit; /* first: its counting is what sleepers of one kind differ in, and near bytes pack small */
    struct cpu_state cpu;
    struct pic pic;
    struct uart uart;
    struct keyboard keyboard;
    struct rtc rtc;
    struct vga vga;
    struct disk disk;
    uint32_t output_bytes; /* sent since the VM last slept or was sent a byte */
    uint8_t port61;        /* bits 1-0: speaker and gate of PIT channel 2 */
    uint8_t port92;        /* bit 1: A20 */
    uint8_t stop;          /* enum vm_stop */
    uint8_t reserved;
    uint32_t stop_detail;
    uint32_t reserved2;
};

/* Nothing between the members, so that no byte of the state is undefined. */
#define MACHINE_STATE_NEXT(member, next)                                                                     \
    _Static_assert(offsetof(struct machine_state, member) + sizeof(((struct machine_state *)0)->member) ==   \
                       offsetof(struct machine_state, next),                                                 \
                   "padding behind " #member)
MACHINE_STATE_NEXT(pit, cpu);
MACHINE_STATE_NEXT(cpu, pic);
MACHINE_STATE_NEXT(pic, uart);
MACHINE_STATE_NEXT(uart, keyboard);
MACHINE_STATE_NEXT(keyboard, rtc);
MACHINE_STATE_NEXT(rtc, vga);
MACHINE_STATE_NEXT(vga, disk);
MACHINE_STATE_NEXT(disk, output_bytes);
_Static_assert(sizeof(struct machine_state) == offsetof(struct machine_state, reserved2) + 4,
               "padding at the end");
_Static_assert(sizeof(struct uart) == offsetof(struct uart, reserved) + 4, "padding in struct uart");
_Static_assert(sizeof(struct pit_channel) == offsetof(struct pit_channel, reserved) + 4,
               "padding in struct pit_channel");
_Static_assert(sizeof(struct rtc) == offsetof(struct rtc, ram) + 128, "padding in struct rtc");
_Static_assert(sizeof(struct cpu_state) == offsetof(struct cpu_state, reserved) + 6,
               "padding in struct cpu_state");

#endif
