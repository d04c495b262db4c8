/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The BIOS where no other machine can be the judge: what it stops, how it sleeps, and how short a boot is.
 * Programs are machine code, with what they do beside it. The rest is in tests/guest/bios-*.asm. */
#include "base/reason.h"
#include "vmm/board.h"
#include "vmm/cpu.h"
#include "vmm/machine.h"
#include "vmm/shard.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SECTOR = 512, SECTORS = 3, DISK = 0x80, FLOPPY = 0x00, SLICE = 100000, TEXT = 0xb8000 };

struct pc {
    uint8_t disk[SECTOR * SECTORS];
    uint8_t memory[MEMORY_MIB];
    struct machine_bases *bases;
    struct machine_bench *bench;
    struct cpu *cpu;
    struct context *context;
    uint64_t now_ns;
};

static uint64_t clock_of(void *context)
{
    return ((struct pc *)context)->now_ns;
}

/* A machine about to boot `code`, with the signature or without; the disk's other sectors begin with their
 * numbers. */
static struct pc *pc_new(uint8_t drive, const uint8_t *code, size_t size, bool is_signed)
{
    struct pc *pc = calloc(1, sizeof(*pc));
    struct machine_state state;
    struct reason reason;

    assert_non_null(pc);
    memcpy(pc->disk, code, size);
    pc->disk[510] = is_signed ? 0x55 : 0;
    pc->disk[511] = 0xaa;
    for (uint8_t i = 1; i < SECTORS; i++)
        memset(pc->disk + i * SECTOR, i, SECTOR);
    pc->now_ns = 1000;
    shard_power_on(&state, pc->memory, 1, pc->disk, drive);
    assert_int_equal(machine_bases_create(&state, pc->memory, MEMORY_MIB, &pc->bases, &reason), 0);
    assert_int_equal(machine_bench_create(pc->bases, &pc->bench, &reason), 0);
    assert_int_equal(cpu_x86emu.create(&pc->cpu, &reason), 0);
    struct context *template = machine_bench_template(pc->bench);

    template->clock = clock_of;
    template->clock_context = pc;
    template->disk = (struct disk_content){.bytes = pc->disk, .size = sizeof(pc->disk)};
    pc->context = machine_lay_reset(pc->bench);
    context_now(pc->context);
    board_reset(pc->context, drive);
    return pc;
}

static void pc_free(struct pc *pc)
{
    machine_unlay(pc->bench, pc->context);
    cpu_x86emu.destroy(pc->cpu);
    machine_bench_free(pc->bench);
    machine_bases_free(pc->bases);
    free(pc);
}

static enum cpu_exit pc_run(struct pc *pc)
{
    return cpu_x86emu.run(pc->cpu, pc->context, SLICE);
}

/* Sleeps from event to event, until `end_ns` or until the program has sent a byte. */
static void pc_sleep(struct pc *pc, uint64_t end_ns)
{
    while (pc->context->output_count == 0) {
        uint64_t next = board_next_event(pc->context);

        if (next > end_ns)
            return;
        pc->now_ns = next;
        context_now(pc->context);
        board_advance(pc->context);
        assert_int_equal(pc_run(pc), CPU_HALTED);
    }
}

/* A machine whose program has run until it sleeps. */
#define BOOT(drive, ...)                                                                                     \
    pc_new(drive, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), true)

static void a_boot_is_short(void **state)
{
    struct pc *pc = BOOT(DISK, 0xf4 /* hlt */);

    (void)state;
    assert_int_equal(pc_run(pc), CPU_HALTED);
    assert_in_range(pc->context->instructions, 1, 14);
    assert_int_equal(pc->context->state.cpu.gpr[REG_DX], DISK);
    assert_int_equal(pc->context->memory.dirty_count, 0); /* nothing was written */
    pc_free(pc);

    pc = BOOT(FLOPPY, 0xf4);
    assert_int_equal(pc_run(pc), CPU_HALTED);
    assert_int_equal(pc->context->state.cpu.gpr[REG_DX], FLOPPY);
    pc_free(pc);
}

static void faults_stop_the_machine(void **state)
{
    static const struct {
        const char *name;
        uint8_t vector;
        uint8_t code[14];
    } faults[] = {
        {"division by zero", 0x00, {0x31, 0xc9, 0xf7, 0xf1}},              /* xor cx,cx; div cx */
        {"division overflow", 0x00, {0xba, 2, 0, 0xb9, 1, 0, 0xf7, 0xf1}}, /* mov dx,2; mov cx,1; div cx */
        {"bound", 0x05, {0xb8, 0xff, 0x7f, 0x62, 0x06, 0x00, 0x90}}, /* mov ax,7fffh; bound ax,[9000h] */
        {"unknown opcode", 0x06, {0x0f, 0x0b}},                      /* ud2 */
        {"coprocessor", 0x07, {0x0f, 0x20, 0xc0, 0x0c, 4, 0x0f, 0x22, 0xc0, 0xdb, 0xe3}}, /* CR0.EM; fninit */
        {"stack segment's end", 0x0c, {0xbd, 0xff, 0xff, 0x8b, 0x46, 0x00}}, /* mov bp,ffffh; mov ax,[bp] */
        {"segment's end", 0x0d, {0xa1, 0xff, 0xff}},                         /* mov ax,[ffffh] */
        {"behind INT of another vector", 0x06, {0xcd, 0x03, 0x0f, 0x0b}},    /* int 3; ud2 */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
        struct pc *pc = pc_new(DISK, faults[i].code, sizeof(faults[i].code), true);

        print_message("# %s\n", faults[i].name);
        assert_int_equal(pc_run(pc), CPU_STOPPED);
        assert_int_equal(pc->context->state.stop, VM_STOP_EXCEPTION);
        assert_int_equal(pc->context->state.stop_detail, faults[i].vector);
        pc_free(pc);
    }
}

/* A program that has taken IRQ4 and acknowledges it itself before it goes on to the BIOS is not taken for a
 * fault. */
static void a_handled_irq_is_no_fault(void **state)
{
    struct pc *pc = BOOT(DISK, 0x66, 0xa1, 0x30, 0x00,       /* mov eax,[0ch*4] */
                         0x66, 0xa3, 0x00, 0x90,             /* mov [9000h],eax */
                         0xc7, 0x06, 0x30, 0x00, 0x20, 0x7c, /* mov word [0ch*4],handler */
                         0xc7, 0x06, 0x32, 0x00, 0x00, 0x00, /* mov word [0ch*4+2],0 */
                         0xcd, 0x0c,                         /* int 0ch */
                         0xba, 0xf8, 0x03, 0xee,             /* mov dx,3f8h; out dx,al */
                         0xfa, 0xf4, 0x90, 0x90, 0x90, 0x90, /* cli; hlt */
                         0xff, 0x2e, 0x00, 0x90);            /* handler: jmp far [9000h] */

    (void)state;
    assert_int_equal(pc_run(pc), CPU_HALTED);
    assert_int_equal(pc->context->output_count, 1);
    pc_free(pc);
}

static void an_unsigned_sector_is_not_started(void **state)
{
    static const char expected[] = "No bootable device.";
    struct pc *pc = pc_new(DISK, (const uint8_t[]){0x0f, 0x0b}, 2, false);

    (void)state;
    assert_int_equal(pc_run(pc), CPU_HALTED);
    for (size_t i = 0; i < sizeof(expected) - 1; i++)
        assert_int_equal(pc->context->memory.bytes[TEXT + 160 + 2 * i], expected[i]);
    pc_free(pc);
}

static void waiting_for_a_key_sleeps(void **state)
{
    struct pc *pc = BOOT(DISK, 0xb4, 0x00, 0xcd, 0x16, /* mov ah,0; int 16h */
                         0xba, 0xf8, 0x03, 0xee,       /* mov dx,3f8h; out dx,al */
                         0xeb, 0xf6);                  /* again */

    (void)state;
    assert_int_equal(pc_run(pc), CPU_HALTED);
    assert_in_range(pc->context->instructions, 1, 60);
    assert_int_equal(board_press(pc->context, (const uint8_t[]){0x2a, 0x1e, 0x9e, 0xaa}, 4), 4);
    assert_int_equal(pc_run(pc), CPU_HALTED);
    assert_int_equal(pc->context->output_count, 1);
    assert_int_equal(pc->context->output[0], 'A');
    pc_free(pc);
}

static void waiting_for_a_byte_sleeps(void **state)
{
    struct pc *pc = BOOT(DISK, 0xba, 0x00, 0x00, 0xb4, 0x02, 0xcd, 0x14, /* mov dx,0; mov ah,2; int 14h */
                         0xba, 0xf8, 0x03, 0xee, 0x88, 0xe0, 0xee,       /* mov dx,3f8h; out AL, AH */
                         0xfa, 0xf4);                                    /* cli; hlt */
    struct machine_state before = pc->context->state;

    (void)state;
    assert_int_equal(pc_run(pc), CPU_HALTED);
    assert_in_range(pc->context->instructions, 1, 80);
    assert_int_equal(board_receive(pc->context, (const uint8_t *)"x", 1), 1);
    assert_int_equal(pc_run(pc), CPU_HALTED);
    assert_int_equal(pc->context->output_count, 2);
    assert_memory_equal(pc->context->output, "x\x61", 2); /* LSR: transmitter empty, a byte is there */
    /* The interrupt that woke it is as the program had it. */
    assert_int_equal(pc->context->state.uart.ier, before.uart.ier);
    assert_int_equal(pc->context->state.uart.mcr, before.uart.mcr);
    assert_int_equal(pc->context->state.pic.chip[0].imr, before.pic.chip[0].imr);
    pc_free(pc);
}

static void a_byte_that_does_not_come_is_late(void **state)
{
    struct pc *pc = BOOT(DISK, 0xba, 0x00, 0x00, 0xb4, 0x02, 0xcd, 0x14,  /* as above */
                         0xba, 0xf8, 0x03, 0x88, 0xe0, 0xee, 0xfa, 0xf4); /* out AH; cli; hlt */

    (void)state;
    assert_int_equal(pc_run(pc), CPU_HALTED);
    pc_sleep(pc, UINT64_C(2000000000));
    assert_int_equal(pc->context->output_count, 1);
    assert_int_equal(pc->context->output[0], 0xe0);
    assert_in_range(pc->now_ns, 490000000, 560000000); /* 9 to 10 ticks */
    assert_in_range(pc->context->instructions, 1, 1000);
    pc_free(pc);
}

static void waiting_for_time_sleeps(void **state)
{
    struct pc *pc =
        BOOT(DISK, 0xb9, 0x01, 0x00, 0xba, 0x00, 0x00, 0xb4, 0x86, 0xcd, 0x15, /* int 15h, 65536 us */
             0xba, 0xf8, 0x03, 0xee, 0xfa, 0xf4);                              /* out; cli; hlt */

    (void)state;
    assert_int_equal(pc_run(pc), CPU_HALTED);
    pc_sleep(pc, UINT64_C(2000000000));
    assert_int_equal(pc->context->output_count, 1);
    assert_in_range(pc->now_ns, 65536000, 65536000 + 2000000);
    assert_in_range(pc->context->instructions, 1, 68 * 80);
    pc_free(pc);
}

/* Sends AH and the byte at 9000h. */
#define SEND_RESULT                                                                                          \
    0xba, 0xf8, 0x03, 0x88, 0xe0, 0xee, /* mov dx,3f8h; mov al,ah; out dx,al */                              \
        0xa0, 0x00, 0x90, 0xee,         /* mov al,[9000h]; out dx,al */                                      \
        0xfa, 0xf4                      /* cli; hlt */

static void sectors_of_the_image_are_read_and_not_written(void **state)
{
    static const struct {
        uint8_t drive, function, sector, result, byte;
    } cases[] = {
        {DISK, 0x02, 2, 0x00, 1},   {DISK, 0x02, 3, 0x00, 2},   {DISK, 0x02, 4, 0x0c, 0},
        {DISK, 0x03, 2, 0x03, 0},   {DISK, 0x05, 1, 0x03, 0},   {DISK, 0x03, 0, 0x01, 0},
        {FLOPPY, 0x02, 3, 0x00, 2}, {FLOPPY, 0x02, 4, 0x00, 0}, {FLOPPY, 0x03, 1, 0x03, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct pc *pc = BOOT(cases[i].drive, 0xbb, 0x00, 0x90, /* mov bx,9000h */
                             0xb9, cases[i].sector, 0x00,      /* mov cx,sector */
                             0xb8, 0x01, cases[i].function,    /* mov ax,function and 1 */
                             0xcd, 0x13, SEND_RESULT);

        assert_int_equal(pc_run(pc), CPU_HALTED);
        assert_int_equal(pc->context->output_count, 2);
        assert_int_equal(pc->context->output[0], cases[i].result);
        assert_int_equal(pc->context->output[1], cases[i].byte);
        assert_int_equal(pc->context->state.disk.sector, 0);
        pc_free(pc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_boot_is_short),
        cmocka_unit_test(faults_stop_the_machine),
        cmocka_unit_test(a_handled_irq_is_no_fault),
        cmocka_unit_test(an_unsigned_sector_is_not_started),
        cmocka_unit_test(waiting_for_a_key_sleeps),
        cmocka_unit_test(waiting_for_a_byte_sleeps),
        cmocka_unit_test(a_byte_that_does_not_come_is_late),
        cmocka_unit_test(waiting_for_time_sleeps),
        cmocka_unit_test(sectors_of_the_image_are_read_and_not_written),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
