/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs one image (a boot sector, and what else its disk has) on the vmm's machine, without workers or store,
 * and copies what it sends on COM1 to standard output: for tests that compare guests on several machines.
 *
 *   vmm-run IMAGE [--ram MIB] [--floppy] [--input FILE] [--after TEXT] [--seconds S] [--slice N]
 *           [--no-reboot] [--pack] [--learn] [--digest N] [--counted]
 *           [--trace] [--cpu emulated|kvm|resident] [--slow N]
 *
 * The input goes to COM1 as the guest takes it, from when it has sent the text. Ends when the guest has
 * halted for good or was stopped (with the reason on standard error), at a reset with --no-reboot, or when
 * the time is over. --pack packs and unpacks the machine at the end of every slice (after 20,000 of them
 * slices become larger), --learn makes bases of what it packs too. --counted: a clock that counts
 * instructions, 10 million in a second, and skips what the guest sleeps, so that all runs see the same time.
 * --digest adds a line with a hash of registers and memory at every N-th slice to standard error, on that
 * clock. --trace shows each instruction there. On KVM there are no instructions to count: slices are times,
 * and --counted, --digest and --trace mean nothing. --slow N: a clock that goes at one N-th of the host's
 * speed, and skips what the guest sleeps: for a host that is slow itself.
 * `resident` is a KVM VM as those of class A are, of which --pack packs the devices.
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/reason.h"
#include "vmm/board.h"
#include "vmm/cpu.h"
#include "vmm/machine.h"
#include "vmm/resident_kvm.h"
#include "vmm/shard.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    INPUT_MOST = 1 << 20,
    SECTOR = 512,
    IMAGE_MOST = 4096 * SECTOR,
    PACKED_MOST = 40 << 20,
    LEARN_ALWAYS = 200,
    PACK_SMALL = 20000,
    TIME_IS_OVER = 4, /* exit status */
    LARGER = 100,
    LEARN_EVERY = 64
};

struct run {
    struct machine_bench *bench;
    const struct cpu_kind *kind;
    struct cpu *cpu;
    struct resident_kvm *guest; /* with --cpu resident */
    const struct machine_base *base;
    struct context *context;
    uint8_t *packed;
    uint8_t *input;
    size_t input_size, input_sent;
    uint64_t slice, epoch_ns, end_ns;
    uint64_t skipped_ns; /* of a clock that is not the host's: time slept through */
    uint64_t slow;       /* the host's clock is so many times as fast as the guest's */
    uint64_t executed;
    uint8_t drive;
    const char *after; /* the input waits until this was sent */
    size_t after_matched;
    uint64_t digest; /* slices from one to the next; 0: none */
    uint64_t slices, packs;
    bool pack, learn, no_reboot, counted, trace;
};

static uint64_t monotonic(void *context)
{
    const struct run *run = context;

    return (clock_now_ns() - run->epoch_ns) / run->slow + run->skipped_ns;
}

/* 100 ns an instruction. */
static uint64_t counted(void *context)
{
    const struct run *run = context;

    return (run->executed + (run->context ? run->context->instructions : 0)) * 100 + run->skipped_ns;
}

static void print_code(void *context, uint16_t cs, uint32_t eip, bool code32, const uint8_t *bytes,
                       unsigned count)
{
    (void)context;
    (void)code32;
    fprintf(stderr, "%04x:%08x ", cs, eip);
    for (unsigned i = 0; i < count; i++)
        fprintf(stderr, " %02x", bytes[i]);
    fputc('\n', stderr);
}

static void print_digest(struct run *run)
{
    char hash[SHA256_TEXT_ROOM];
    struct machine_state state = run->context->state;

    sha256_text(&state, sizeof(state), hash);
    fprintf(stderr, "%.16s ", hash);
    sha256_text(run->context->memory.bytes, run->context->memory.size, hash);
    fprintf(stderr, "%.16s\n", hash);
}

static void repack_state(struct run *run)
{
    size_t size = machine_pack_state(run->base, &run->context->state, run->packed, PACKED_MOST);

    resident_kvm_leave(run->guest);
    run->context = resident_kvm_context(run->guest, 0);
    if (machine_lay_state(run->base, run->packed, size, &run->context->state) < 0) {
        fprintf(stderr, "vmm-run: a packed state does not unpack\n");
        exit(3);
    }
    context_now(run->context);
    board_resume(run->context);
}

static void repack(struct run *run)
{
    if (run->guest) {
        repack_state(run);
        return;
    }
    size_t size = machine_pack(run->bench, run->context, run->packed, PACKED_MOST);
    int error;

    /* A long run is mostly a loop that waits. A base is a whole memory: seldom. */
    if (++run->packs == PACK_SMALL && run->digest == 0)
        run->slice *= LARGER;
    if (run->learn && (run->packs < LEARN_ALWAYS || run->packs % LEARN_EVERY == 0))
        (void)machine_learn(run->bench, run->context);
    uint64_t instructions = run->context->instructions;

    machine_unlay(run->bench, run->context);
    run->context = machine_lay(run->bench, run->packed, size, &error);
    if (!run->context) {
        fprintf(stderr, "vmm-run: a packed machine does not unpack\n");
        exit(3);
    }
    run->executed += instructions;
    run->executed -= run->context->instructions;
    context_now(run->context);
    board_resume(run->context);
}

/* The texts in use have no part that repeats their beginning, so no match is missed. */
static void look_for_text(struct run *run)
{
    for (uint32_t i = 0; run->after[run->after_matched] && i < run->context->output_count; i++)
        if ((uint8_t)run->after[run->after_matched] == run->context->output[i])
            run->after_matched++;
        else
            run->after_matched = (uint8_t)run->after[0] == run->context->output[i];
}

static void drain(struct run *run)
{
    look_for_text(run);
    fwrite(run->context->output, 1, run->context->output_count, stdout);
    fflush(stdout);
    run->context->output_count = 0;
}

static size_t feed(struct run *run)
{
    if (run->after[run->after_matched])
        return 0;
    size_t sent =
        board_receive(run->context, run->input + run->input_sent, run->input_size - run->input_sent);

    run->input_sent += sent;
    return sent;
}

/* Sleeps until something can happen. False: nothing will. */
static bool sleep_through(struct run *run)
{
    uint64_t next = board_next_event(run->context);

    if (next == BOARD_NEVER)
        return false;
    uint64_t now = context_now(run->context);

    if (next > run->end_ns)
        next = run->end_ns;
    if (next > now && (run->counted || run->slow > 1))
        run->skipped_ns += next - now;
    else if (next > now)
        clock_sleep_until(run->epoch_ns + next);
    context_now(run->context);
    board_advance(run->context);
    return true;
}

static void reset(struct run *run)
{
    if (run->guest) {
        resident_kvm_reset(run->guest);
        return;
    }
    machine_unlay(run->bench, run->context);
    run->context = machine_lay_reset(run->bench);
}

/* The machine at reset in a context, and what runs it. */
static int power_on(struct run *run, struct machine_bases *bases, struct reason *reason)
{
    int error;

    run->base = machine_base_get(bases, 0);
    if (run->kind != &cpu_kvm_resident) {
        error = run->kind->create(&run->cpu, reason);
        run->context = machine_lay_reset(run->bench);
        return error;
    }
    error = machine_bases_share(bases);
    if (error)
        return reason_errno(reason, -error, "a file in memory");
    error = resident_kvm_create(run->base, machine_bench_template(run->bench), RESIDENT_TRICKS, &run->guest,
                                reason);
    run->cpu = (struct cpu *)run->guest;
    return error ? error : resident_kvm_add(run->guest, &run->context, reason);
}

static int loop(struct run *run)
{
    while (context_now(run->context) < run->end_ns) {
        board_advance(run->context);
        feed(run);
        enum cpu_exit end = run->kind->run(run->cpu, run->context, run->slice);

        drain(run);
        if (run->digest && run->slices++ % run->digest == 0)
            print_digest(run);
        if (end == CPU_STOPPED) {
            fprintf(stderr, "vmm-run: stopped: reason %u, detail %#x at %04x:%x\n", run->context->state.stop,
                    run->context->state.stop_detail, run->context->state.cpu.seg[SEG_CS].selector,
                    run->context->state.cpu.eip);
            return 1;
        }
        if (end == CPU_LEFT && run->context->reset && run->no_reboot) {
            fprintf(stderr, "vmm-run: reset\n");
            return 0;
        }
        if (end == CPU_LEFT && run->context->reset) {
            run->executed += run->context->instructions;
            reset(run);
            run->executed -= run->context->instructions;
            context_now(run->context);
            board_reset(run->context, run->drive);
            board_resume(run->context);
        }
        run->context->leave = run->context->reset = false;
        if (run->pack)
            repack(run);
        if (end == CPU_HALTED && !feed(run) && !sleep_through(run))
            return 0;
    }
    fprintf(stderr, "vmm-run: the time is over\n");
    return TIME_IS_OVER;
}

static uint8_t *read_whole(const char *path, size_t most, size_t *ret_size)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = malloc(most);

    if (!file || !bytes) {
        perror(path);
        exit(2);
    }
    *ret_size = fread(bytes, 1, most, file);
    fclose(file);
    return bytes;
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"ram", 1, NULL, 'r'},       {"floppy", 0, NULL, 'f'},  {"input", 1, NULL, 'i'},
        {"after", 1, NULL, 'a'},     {"seconds", 1, NULL, 's'}, {"slice", 1, NULL, 'n'},
        {"no-reboot", 0, NULL, 'b'}, {"pack", 0, NULL, 'p'},    {"learn", 0, NULL, 'l'},
        {"digest", 1, NULL, 'd'},    {"counted", 0, NULL, 'c'}, {"trace", 0, NULL, 't'},
        {"cpu", 1, NULL, 'k'},       {"slow", 1, NULL, 'w'},    {0}};
    struct run run = {.kind = &cpu_x86emu,
                      .slow = 1,
                      .drive = 0x80,
                      .after = "",
                      .slice = 20000,
                      .epoch_ns = clock_now_ns(),
                      .end_ns = 10 * NS_PER_SECOND};
    struct reason reason = {""};
    struct machine_state state;
    struct machine_bases *bases;
    uint32_t mib = 1;
    size_t size;

    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 'r')
            mib = (uint32_t)strtoul(optarg, NULL, 10);
        else if (option == 'f')
            run.drive = 0x00;
        else if (option == 'i')
            run.input = read_whole(optarg, INPUT_MOST, &run.input_size);
        else if (option == 'a')
            run.after = optarg;
        else if (option == 'b')
            run.no_reboot = true;
        else if (option == 's')
            run.end_ns = (uint64_t)(strtod(optarg, NULL) * (double)NS_PER_SECOND);
        else if (option == 'n')
            run.slice = strtoull(optarg, NULL, 10);
        else if (option == 'p')
            run.pack = true;
        else if (option == 'l')
            run.pack = run.learn = true;
        else if (option == 'c')
            run.counted = true;
        else if (option == 't')
            run.trace = true;
        else if (option == 'w')
            run.slow = strtoull(optarg, NULL, 10);
        else if (option == 'k' && strcmp(optarg, "kvm") == 0)
            run.kind = &cpu_kvm;
        else if (option == 'k' && strcmp(optarg, "resident") == 0)
            run.kind = &cpu_kvm_resident;
        else if (option == 'k' && strcmp(optarg, "emulated") == 0)
            run.kind = &cpu_x86emu;
        else if (option == 'd')
            run.counted = (run.digest = strtoull(optarg, NULL, 10)) > 0;
        else
            return 2;
    }
    if (optind + 1 != argc || mib < 1 || mib > 16 || run.slice == 0 || run.slow == 0) {
        fprintf(stderr,
                "usage: vmm-run IMAGE [--ram MIB] [--floppy] [--input FILE] [--after TEXT] [--seconds S] "
                "[--slice N] [--no-reboot] "
                "[--pack] [--learn] [--digest N] [--counted] [--trace] [--cpu emulated|kvm|resident]\n");
        return 2;
    }
    uint8_t *image = read_whole(argv[optind], IMAGE_MOST, &size), *memory = malloc((size_t)mib * MEMORY_MIB);

    run.packed = malloc(PACKED_MOST);
    if (size == 0 || size % SECTOR != 0 || !memory || !run.packed) {
        fprintf(stderr, "vmm-run: '%s' is not whole sectors\n", argv[optind]);
        return 2;
    }
    shard_power_on(&state, memory, mib, image, run.drive);
    if (machine_bases_create(&state, memory, mib * MEMORY_MIB, &bases, &reason) < 0 ||
        machine_bench_create(bases, &run.bench, &reason) < 0) {
        fprintf(stderr, "vmm-run: %s\n", reason.text);
        return 2;
    }
    struct context *template = machine_bench_template(run.bench);

    if (run.trace)
        template->trace_code = print_code;
    template->clock = run.counted ? counted : monotonic;
    template->clock_context = &run;
    template->wall_offset = (int64_t)clock_unix_seconds();
    template->disk = (struct disk_content){.bytes = image, .size = size};
    template->output_limit = 1 << 20;
    if (power_on(&run, bases, &reason) < 0) {
        fprintf(stderr, "vmm-run: %s\n", reason.text);
        return 2;
    }
    context_now(run.context);
    board_reset(run.context, run.drive);
    board_resume(run.context);
    int status = loop(&run);

    if (!run.guest)
        machine_unlay(run.bench, run.context);
    run.kind->destroy(run.cpu);
    machine_bench_free(run.bench);
    machine_bases_free(bases);
    free(run.packed);
    free(run.input);
    free(memory);
    free(image);
    return status;
}
