/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm/cpu_x86emu.h"

#include "base/reason.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { LOOK_EVERY = 1024, DR6_BS = 0x4000 };

void cpu_reset(struct cpu_state *cpu)
{
    static const struct cpu_segment data = {.limit = 0xffff, .access = 0x93};

    *cpu = (struct cpu_state){
        .eip = 0xfff0, .eflags = 2, .cr0 = 0x10, .gdt = {.limit = 0xffff}, .idt = {.limit = 0x3ff}};
    for (unsigned i = SEG_ES; i <= SEG_GS; i++)
        cpu->seg[i] = data;
    cpu->seg[SEG_CS] =
        (struct cpu_segment){.base = 0xf0000, .limit = 0xffff, .selector = 0xf000, .access = 0x9b};
    cpu->seg[SEG_LDT] = (struct cpu_segment){.limit = 0xffff, .access = 0x82};
    cpu->seg[SEG_TR] = (struct cpu_segment){.limit = 0xffff, .access = 0x8b};
    cpu->gpr[REG_DX] = 0x0600; /* a Pentium Pro, as CPUID says */
    cpu->dr[6] = 0xffff0ff0;
    cpu->dr[7] = 0x400;
}

/* Every access of the library to memory and ports. Returning 0 always: an error would stop the library in the
 * middle of an instruction. Once the instruction has faulted, it changes nothing more. */
static unsigned memio(x86emu_t *emu, u32 address, u32 *value, unsigned type)
{
    struct cpu *cpu = emu->_private;
    struct context *context = cpu->context;
    struct memory *memory = &context->memory;
    unsigned bytes = 1u << (type & 3);

    if ((type & 0xff) == X86EMU_MEMIO_8_NOPERM)
        bytes = 1;
    switch (type & ~0xffu) {
    case X86EMU_MEMIO_X:
    case X86EMU_MEMIO_R:
        *value = bytes == 1   ? memory_read8(memory, address)
                 : bytes == 2 ? memory_read16(memory, address)
                              : memory_read32(memory, address);
        break;
    case X86EMU_MEMIO_W:
        if (emu->x86.intr_type)
            break;
        if (bytes == 1)
            memory_write8(memory, address, (uint8_t)*value);
        else if (bytes == 2)
            memory_write16(memory, address, (uint16_t)*value);
        else
            memory_write32(memory, address, *value);
        break;
    case X86EMU_MEMIO_I:
        cpu_count(cpu);
        *value = UINT32_MAX;
        if (!emu->x86.intr_type)
            *value = board_in(context, (uint16_t)address, bytes);
        break;
    default:
        cpu_count(cpu);
        if (!emu->x86.intr_type)
            board_out(context, (uint16_t)address, bytes, *value);
    }
    return 0;
}

/* The library raises all exceptions and software interrupts here; it delivers none by itself. */
static int interrupt(x86emu_t *emu, u8 vector, unsigned type)
{
    struct cpu *cpu = emu->_private;

    cpu->library_eip = 0;
    if (type & INTR_MODE_RESTART)
        cpu_fault(cpu, vector, type & INTR_MODE_ERRCODE, 0); /* of an access, not of a selector */
    else
        cpu_deliver(cpu, vector, false, 0);
    return 1;
}

static void nothing(x86emu_t *emu)
{
    (void)emu;
}

static bool leave(struct cpu *cpu, enum cpu_exit exit)
{
    cpu->exit = exit;
    return true;
}

static bool is_deliverable(const struct cpu *cpu)
{
    return cpu->context->interrupt && cpu->emu->x86.R_FLG & FLAG_IF && cpu->executed != cpu->shadow_at;
}

/* The slice's time. */
static bool is_over(const struct context *context)
{
    return context->slice_ends_ns && context->now_ns >= context->slice_ends_ns;
}

/* What is looked at only now and then. True: the run ends. */
static bool look(struct cpu *cpu)
{
    struct context *context = cpu->context;

    if (cpu->executed >= cpu->next_look) {
        cpu_count(cpu);
        context_now(context);
        board_advance(context);
        cpu->next_look = cpu->executed + LOOK_EVERY;
    }
    if (context->state.stop)
        return leave(cpu, CPU_STOPPED);
    /* A single step belongs to the instruction before, whatever comes next. */
    if (cpu->trap) {
        cpu->trap = false;
        cpu->emu->x86.drx[6] |= DR6_BS;
        cpu_deliver(cpu, VECTOR_DB, false, 0);
        if (context->state.stop)
            return leave(cpu, CPU_STOPPED);
    }
    if (context->leave)
        return leave(cpu, CPU_LEFT);
    if (cpu->executed >= cpu->slice || is_over(context))
        return leave(cpu, CPU_SLICE);
    if (is_deliverable(cpu))
        cpu_deliver(cpu, board_acknowledge(context), false, 0);
    if (context->state.stop)
        return leave(cpu, CPU_STOPPED);
    return false;
}

static void trace(struct cpu *cpu)
{
    struct context *context = cpu->context;
    x86emu_t *emu = cpu->emu;
    uint8_t bytes[INSTRUCTION_MOST];

    for (unsigned i = 0; i < sizeof(bytes); i++)
        bytes[i] = memory_read8(&context->memory, emu->x86.R_CS_BASE + get_ip(emu) + i);
    context->trace_code(context->trace_context, emu->x86.R_CS, get_ip(emu), is_code32(emu), bytes,
                        sizeof(bytes));
}

/* True when something is to be done before the next instruction. */
static inline bool has_to_look(const struct cpu *cpu)
{
    const struct context *context = cpu->context;

    return cpu->executed >= cpu->next_look || cpu->executed >= cpu->slice || context->leave || cpu->trap ||
           (context->interrupt && cpu->emu->x86.R_FLG & FLAG_IF);
}

/* EIP is so near the segment's limit that an instruction may not fit, or beyond it, or beyond what 16-bit
 * code can reach. */
static inline bool is_at_end(const x86emu_t *emu)
{
    return (int64_t)emu->x86.R_CS_LIMIT - emu->x86.R_EIP < INSTRUCTION_MOST - 1 ||
           (!is_code32(emu) && emu->x86.R_EIP > 0xffff);
}

/* Whether the instruction at EIP is within the segment with all its bytes. */
static bool is_inside(struct cpu *cpu)
{
    const x86emu_t *emu = cpu->emu;

    if (emu->x86.R_EIP > emu->x86.R_CS_LIMIT || (!is_code32(emu) && emu->x86.R_EIP > 0xffff))
        return false;
    return cpu_fits(cpu, (uint64_t)emu->x86.R_CS_LIMIT - emu->x86.R_EIP + 1);
}

/* Executes one instruction, if it is not for the library. The quick ones and those that are special want its
 * bytes; of the others the first one tells. */
static inline bool execute_here(struct cpu *cpu)
{
    struct instruction instruction;

    if (__builtin_expect(is_at_end(cpu->emu), 0) && !is_inside(cpu)) {
        cpu_fault(cpu, VECTOR_GP, true, 0);
        return true;
    }
    cpu_fetch(cpu, &instruction);
    uint8_t opcode = instruction.bytes[0];

    if (cpu_quick[opcode]) {
        instruction.prefixes = 0;
        instruction.opcode = opcode;
        instruction.data32 = instruction.address32 = is_code32(cpu->emu);
        instruction.segment = NULL;
        if (cpu_quick[opcode](cpu, &instruction))
            return true;
    }
    cpu_remember(cpu);
    cpu->toggled = 0;
    return cpu_special_opcodes[opcode] && cpu_special(cpu, &instruction);
}

/* Called by the library before each instruction. Executes those that are not for the library; nonzero ends
 * the run. */
static int check(x86emu_t *emu)
{
    struct cpu *cpu = emu->_private;
    struct context *context = cpu->context;

    /* The library lets IP wrap around after an instruction at the end. What it executes does not jump. */
    if (__builtin_expect(emu->x86.R_EIP < cpu->library_eip && !is_code32(emu), 0))
        emu->x86.R_EIP += 0x10000;
    for (;;) {
        if (__builtin_expect(has_to_look(cpu), 0) && look(cpu))
            return 1;
        if (__builtin_expect(context->trace_code != NULL, 0))
            trace(cpu);
        else if (cpu_run_swiftly(cpu))
            continue;
        cpu->remembers = false;
        cpu->trap = emu->x86.R_FLG & FLAG_TF;
        if (!execute_here(cpu))
            break;
        cpu->executed++;
        if (__builtin_expect(context->state.cpu.halted, 0))
            return leave(cpu, CPU_HALTED);
    }
    cpu->executed++;
    emu->x86.intr_type = 0;
    emu->x86.saved_cs = emu->x86.R_CS;
    emu->x86.saved_eip = cpu->library_eip = emu->x86.R_EIP;
    /* What was executed here may have changed the mode that the library noted before it called. */
    emu->x86.mode = ((is_code32(emu) ? _MODE_DATA32 | _MODE_ADDR32 | _MODE_CODE32 : 0u) |
                     (ACC_D(emu->x86.R_SS_ACC) ? _MODE_STACK32 : 0u)) ^
                    cpu->toggled;
    return 0;
}

static int create(struct cpu **ret_cpu, struct reason *reason)
{
    struct cpu *cpu = calloc(1, sizeof(*cpu));

    if (!cpu || !(cpu->emu = x86emu_new(0, 0))) {
        free(cpu);
        return reason_set(reason, ENOMEM, "no memory for a CPU");
    }
    cpu->emu->_private = cpu;
    x86emu_set_memio_handler(cpu->emu, memio);
    x86emu_set_intr_handler(cpu->emu, interrupt);
    x86emu_set_code_handler(cpu->emu, check);
    x86emu_set_cpuid_handler(cpu->emu, nothing);
    x86emu_set_rdmsr_handler(cpu->emu, nothing);
    x86emu_set_wrmsr_handler(cpu->emu, nothing);
    *ret_cpu = cpu;
    return 0;
}

static void destroy(struct cpu *cpu)
{
    if (cpu)
        x86emu_done(cpu->emu);
    free(cpu);
}

static void load_segment(sel_t *to, const struct cpu_segment *from)
{
    *to = (sel_t){.base = from->base, .limit = from->limit, .sel = from->selector, .acc = from->access};
}

static void save_segment(struct cpu_segment *to, const sel_t *from)
{
    *to = (struct cpu_segment){
        .base = from->base, .limit = from->limit, .selector = from->sel, .access = from->acc};
}

static void load(x86emu_t *emu, const struct cpu_state *state)
{
    emu->x86.R_EAX = state->gpr[REG_AX];
    emu->x86.R_ECX = state->gpr[REG_CX];
    emu->x86.R_EDX = state->gpr[REG_DX];
    emu->x86.R_EBX = state->gpr[REG_BX];
    emu->x86.R_ESP = state->gpr[REG_SP];
    emu->x86.R_EBP = state->gpr[REG_BP];
    emu->x86.R_ESI = state->gpr[REG_SI];
    emu->x86.R_EDI = state->gpr[REG_DI];
    emu->x86.R_EIP = state->eip;
    emu->x86.R_FLG = (state->eflags & (FLAGS_32 | FLAG_RF)) | 2;
    emu->x86.crx[0] = state->cr0;
    emu->x86.crx[2] = state->cr2;
    emu->x86.crx[3] = state->cr3;
    emu->x86.crx[4] = state->cr4;
    for (unsigned i = SEG_ES; i <= SEG_GS; i++)
        load_segment(&emu->x86.seg[i], &state->seg[i]);
    load_segment(&emu->x86.ldt, &state->seg[SEG_LDT]);
    load_segment(&emu->x86.tr, &state->seg[SEG_TR]);
    emu->x86.gdt.base = state->gdt.base;
    emu->x86.gdt.limit = state->gdt.limit;
    emu->x86.idt.base = state->idt.base;
    emu->x86.idt.limit = state->idt.limit;
    memcpy(emu->x86.drx, state->dr, sizeof(state->dr));
    emu->x86.intr_type = 0;
    emu->x86.debug_len = 0;
}

static void save(const x86emu_t *emu, struct cpu_state *state)
{
    state->gpr[REG_AX] = emu->x86.R_EAX;
    state->gpr[REG_CX] = emu->x86.R_ECX;
    state->gpr[REG_DX] = emu->x86.R_EDX;
    state->gpr[REG_BX] = emu->x86.R_EBX;
    state->gpr[REG_SP] = emu->x86.R_ESP;
    state->gpr[REG_BP] = emu->x86.R_EBP;
    state->gpr[REG_SI] = emu->x86.R_ESI;
    state->gpr[REG_DI] = emu->x86.R_EDI;
    state->eip = emu->x86.R_EIP;
    state->eflags = emu->x86.R_FLG;
    state->cr0 = emu->x86.crx[0];
    state->cr2 = emu->x86.crx[2];
    state->cr3 = emu->x86.crx[3];
    state->cr4 = emu->x86.crx[4];
    for (unsigned i = SEG_ES; i <= SEG_GS; i++)
        save_segment(&state->seg[i], &emu->x86.seg[i]);
    save_segment(&state->seg[SEG_LDT], &emu->x86.ldt);
    save_segment(&state->seg[SEG_TR], &emu->x86.tr);
    state->gdt = (struct cpu_table){.base = emu->x86.gdt.base, .limit = emu->x86.gdt.limit};
    state->idt = (struct cpu_table){.base = emu->x86.idt.base, .limit = emu->x86.idt.limit};
    memcpy(state->dr, emu->x86.drx, sizeof(state->dr));
}

/* Runs until the library comes back: at most `slice` instructions. Returns how many. */
static uint64_t run_once(struct cpu *cpu, struct context *context, uint64_t slice)
{
    struct cpu_state *state = &context->state.cpu;

    state->halted = 0;
    cpu->context = context;
    cpu->executed = cpu->counted = 0;
    cpu->slice = slice;
    cpu->next_look = LOOK_EVERY;
    cpu->shadow_at = state->shadow ? 0 : UINT64_MAX;
    cpu->trap = false;
    cpu->library_eip = 0;
    load(cpu->emu, state);
    x86emu_run(cpu->emu, 0);
    save(cpu->emu, state);
    state->shadow = cpu->shadow_at == cpu->executed;
    cpu_count(cpu);
    return cpu->executed;
}

static enum cpu_exit run(struct cpu *cpu, struct context *context, uint64_t slice)
{
    if (context->state.stop)
        return CPU_STOPPED;
    if (context->state.cpu.halted && !cpu_can_be_interrupted(context))
        return CPU_HALTED;
    /* A halted CPU whose interrupt came in the meantime goes on. */
    for (uint64_t since_look = 0;;) {
        uint64_t used = run_once(cpu, context, slice);

        slice = used < slice ? slice - used : 0;
        if (cpu->exit != CPU_HALTED || !cpu_can_be_interrupted(context))
            return cpu->exit;
        if (slice == 0)
            return CPU_SLICE;
        since_look += used;
        if (since_look >= LOOK_EVERY) { /* each run between two halts may be too short for its own look */
            context_now(context);
            board_advance(context);
            since_look = 0;
            if (is_over(context))
                return CPU_SLICE;
        }
    }
}

const struct cpu_kind cpu_x86emu = {.name = "emulated", .create = create, .run = run, .destroy = destroy};
