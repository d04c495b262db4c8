/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Segment registers and descriptors (Intel SDM volume 3, 3.4 and 5.6 to 5.8), for code of privilege 0. As
 * with operands, false means that a fault was delivered or the VM was stopped.
 */
#ifndef MVM_VMM_CPU_X86EMU_SEGMENT_H
#define MVM_VMM_CPU_X86EMU_SEGMENT_H

#include "vmm/cpu_x86emu_operand.h"

struct descriptor {
    uint32_t base, limit; /* of a segment; the limit in bytes */
    uint32_t offset;      /* of a gate */
    uint16_t selector;    /* of a gate */
    uint16_t access;      /* as in struct cpu_segment */
};

/* What loading a descriptor runs into; vector NO_FAULT when nothing. */
enum { NO_FAULT = -1 };
struct fault {
    int vector;
    uint32_t error;
};

/* Reads the descriptor that `selector` names. False: it is null or beyond its table. */
bool descriptor_read(struct cpu *cpu, uint16_t selector, struct descriptor *ret_descriptor);

/* Loads ES, SS, DS, FS or GS (the number as in Sreg fields). */
bool segment_load(struct cpu *cpu, unsigned number, uint16_t selector);

/* How control comes to a code segment: what privileges are allowed differs. */
enum code_entry { ENTRY_JUMP, ENTRY_RETURN, ENTRY_INTERRUPT };

/* Loads CS from a code segment of ring 0. A return to an outer ring stops the VM, as it is not emulated. */
struct fault code_load(struct cpu *cpu, uint16_t selector, enum code_entry entry);

/* CS in real mode: the limit and the other attributes stay. */
void code_load_real(x86emu_t *emu, uint16_t selector);

#endif
