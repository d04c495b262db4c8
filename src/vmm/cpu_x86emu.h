/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the files of the emulated CPU share. libx86emu executes the instructions that it executes right; the
 * rest, and all interrupts and exceptions, are done here, before the library sees them.
 */
#ifndef MVM_VMM_CPU_X86EMU_H
#define MVM_VMM_CPU_X86EMU_H

#include "vmm/board.h"
#include "vmm/cpu.h"

#include <stdbool.h>
#include <stdint.h>
#include <x86emu.h>

enum {
    VECTOR_DE,
    VECTOR_DB,
    VECTOR_BP = 3,
    VECTOR_OF,
    VECTOR_BR,
    VECTOR_UD,
    VECTOR_NM,
    VECTOR_DF,
    VECTOR_NP = 11,
    VECTOR_SS,
    VECTOR_GP
};

enum {
    FLAG_TF = 0x100,
    FLAG_DF = 0x400,
    FLAG_NT = 0x4000,
    FLAG_RF = 0x10000,
    FLAG_VM = 0x20000,
    FLAG_AC = 0x40000,
    FLAGS_16 = 0x7fd5,   /* bits of FLAGS that POPF and IRET set; bit 1 is always set */
    FLAGS_32 = 0x247fd5, /* and of EFLAGS: AC and ID too */
    CR0_PE = 1,
    INSTRUCTION_MOST = 15,
    INSTRUCTION_FETCH = 16,
    INSTRUCTION_ROOM = 32, /* what an instruction that is too long would have beyond is zero */
};
#define CR0_PG 0x80000000u

/* What a fault undoes. */
struct cpu_snapshot {
    struct i386_general_regs gen;
    struct i386_special_regs spc;
};

struct cpu {
    x86emu_t *emu;
    struct context *context;
    uint64_t executed, slice;
    uint64_t counted;   /* of `executed`: what context->instructions has */
    uint64_t next_look; /* `executed` at which the clock, the mode and the trap flag are looked at again */
    uint64_t shadow_at; /* interrupts wait before the instruction with this number */
    enum cpu_exit exit;
    bool trap;            /* the instruction that was just executed is to be followed by #DB */
    uint32_t library_eip; /* where the library executed its last instruction; 0: another one came since */
    uint32_t toggled;     /* what the library's decoding is to find the other way round: see check() */
    bool remembers;       /* `before` is of this instruction */
    struct cpu_snapshot before;
};

/* An instruction as far as its opcode. */
struct instruction {
    uint8_t bytes[INSTRUCTION_ROOM];
    unsigned prefixes;      /* bytes before the opcode */
    uint8_t opcode, second; /* `second` after 0Fh, else the byte after the opcode */
    bool data32, address32, rep, repne, lock;
    sel_t *segment; /* override, or NULL */
};

static inline bool is_protected(const x86emu_t *emu)
{
    return emu->x86.crx[0] & CR0_PE;
}

static inline bool is_code32(const x86emu_t *emu)
{
    return ACC_D(emu->x86.R_CS_ACC);
}

static inline uint32_t get_ip(const x86emu_t *emu)
{
    return is_code32(emu) ? emu->x86.R_EIP : emu->x86.R_EIP & 0xffff;
}

/* Sets EIP `count` bytes on. In 16-bit code too it goes on to 10000h, where it is beyond the limit. */
static inline void cpu_skip(x86emu_t *emu, unsigned count)
{
    emu->x86.R_EIP += count;
}

/* Makes context->instructions true in the midst of a run: before the clock is read or a device is reached. */
static inline void cpu_count(struct cpu *cpu)
{
    cpu->context->instructions += cpu->executed - cpu->counted;
    cpu->counted = cpu->executed;
}

/* Keeps the registers as they are now, for cpu_fault() to undo what this instruction changes. Not needed by
 * one that changes nothing before it is certain not to fault. */
static inline void cpu_remember(struct cpu *cpu)
{
    cpu->before.gen = cpu->emu->x86.gen;
    cpu->before.spc = cpu->emu->x86.spc;
    cpu->remembers = true;
}

/* cpu_x86emu_interrupt.c: delivers an interrupt or exception; faults within it become #DF and then stop the
 * VM. EIP is what is to be pushed. `error` counts when `has_error`. */
void cpu_deliver(struct cpu *cpu, uint8_t vector, bool has_error, uint32_t error);
/* INT n, INT3 and INTO of `length` bytes: a fault of the delivery is one of this instruction. */
void cpu_software_interrupt(struct cpu *cpu, uint8_t vector, unsigned length);
/* A fault of the present instruction: what it changed since cpu_remember() is undone first. */
void cpu_fault(struct cpu *cpu, uint8_t vector, bool has_error, uint32_t error);
void cpu_iret(struct cpu *cpu, bool data32);

/* cpu_x86emu_length.c: how many bytes the instruction has, prefixes included; it was decoded as far as its
 * opcode. */
unsigned cpu_length(const struct instruction *instruction);

/* cpu_x86emu_special.c: whether the instruction at EIP has at most so many bytes. */
bool cpu_fits(struct cpu *cpu, uint64_t bytes);

/* cpu_x86emu_special.c: true when it executed the instruction; false: the library may. */
extern const uint8_t cpu_special_opcodes[256];
bool cpu_special(struct cpu *cpu, struct instruction *instruction);

/* cpu_x86emu_quick.c: functions of the commonest opcodes, or NULL. They return as cpu_special() does. */
extern bool (*const cpu_quick[256])(struct cpu *cpu, const struct instruction *instruction);

/* cpu_x86emu_swift.c: executes what it can in a stretch, of the plainest code. True: what comes next is to be
 * looked at first, as between any two instructions; false: the next instruction is another one's, now. Only
 * when there is nothing to look at. */
bool cpu_run_swiftly(struct cpu *cpu);

/* Byte by byte, where an instruction may lie over the end of a segment, of a megabyte or of the memory. */
void cpu_fetch_slowly(struct cpu *cpu, struct instruction *instruction);

/* Reads the bytes at EIP. */
static inline void cpu_fetch(struct cpu *cpu, struct instruction *instruction)
{
    const struct memory *memory = &cpu->context->memory;
    uint32_t ip = get_ip(cpu->emu), address = (cpu->emu->x86.R_CS_BASE + ip) & memory->a20_mask;
    const uint8_t *bytes = memory_readable(memory, address, (unsigned)INSTRUCTION_FETCH);

    if (__builtin_expect(bytes && (ip & 0xffff) <= 0xffff - (unsigned)INSTRUCTION_FETCH &&
                             (address & 0xfffff) <= 0xfffff - (unsigned)INSTRUCTION_FETCH,
                         1))
        memcpy(instruction->bytes, bytes, (unsigned)INSTRUCTION_FETCH);
    else
        cpu_fetch_slowly(cpu, instruction);
}

#endif
