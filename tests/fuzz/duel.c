/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "duel.h"

#include "base/clock.h"
#include "vmm/disassembly.h"
#include "vmm/shard_visit.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { RENEW_AFTER = 5000, SLICES_MOST = 300, PAINT_PACKED = 0xa1, PAINT_PLAIN = 0x5d };

/* The stages of one size of memory and boot drive. */
struct pair {
    struct stage packed, plain;
    uint64_t cases;
};

struct duel {
    struct pair *pairs[2][2];
    struct shard traced; /* for shard_trace_attach() */
    uint64_t trace_lines;
};

struct duel *duel_open(void)
{
    struct duel *duel = calloc(1, sizeof(*duel));

    if (!duel || disassembly_open(&duel->traced.disassembly) < 0)
        abort();
    return duel;
}

static void close_pair(struct pair *pair)
{
    if (!pair)
        return;
    stage_close(&pair->packed);
    stage_close(&pair->plain);
    free(pair);
}

void duel_close(struct duel *duel)
{
    for (unsigned i = 0; i < 4; i++)
        close_pair(duel->pairs[i / 2][i % 2]);
    disassembly_close(duel->traced.disassembly);
    free(duel);
}

/* New stages now and then: learned bases are few, and what was learned first would stay for all. */
static struct pair *get_pair(struct duel *duel, const struct fuzz_case *fuzz)
{
    struct pair **pair = &duel->pairs[fuzz->memory_mib - 1][fuzz->drive != 0];

    if (*pair && (*pair)->cases >= RENEW_AFTER) {
        close_pair(*pair);
        *pair = NULL;
    }
    if (!*pair) {
        *pair = calloc(1, sizeof(**pair));
        if (!*pair)
            abort();
        stage_open(&(*pair)->packed, fuzz->memory_mib, fuzz->drive, PAINT_PACKED);
        stage_open(&(*pair)->plain, fuzz->memory_mib, fuzz->drive, PAINT_PLAIN);
    }
    (*pair)->cases++;
    return *pair;
}

static void compare(const struct pair *pair)
{
    const struct stage *a = &pair->packed, *b = &pair->plain;

    if (stage_instructions(a) != stage_instructions(b))
        stage_fail(a, "packed, it executed another number of instructions");
    if (a->output_bytes != b->output_bytes || a->output_hash != b->output_hash)
        stage_fail(a, "packed, it sent something else");
    if (memcmp(&a->context->state, &b->context->state, sizeof(a->context->state)) != 0)
        stage_fail(a, "packed, its state became another one");
}

static void compare_memory(const struct pair *pair)
{
    const struct memory *a = &pair->packed.context->memory, *b = &pair->plain.context->memory;

    if (memcmp(a->bytes, b->bytes, a->size) != 0)
        stage_fail(&pair->packed, "packed, its memory became another one");
}

static void count_line(void *context, const char *text)
{
    struct duel *duel = context;

    duel->trace_lines += text[0] != '\0';
}

static void ignore_code(void *context, uint16_t cs, uint32_t eip, bool code32, const uint8_t *bytes,
                        unsigned count)
{
    (void)context;
    (void)cs;
    (void)eip;
    (void)code32;
    (void)bytes;
    (void)count;
}

static void ignore_port(void *context, char direction, uint16_t port, unsigned bytes, uint32_t value)
{
    (void)context;
    (void)direction;
    (void)port;
    (void)bytes;
    (void)value;
}

/* Who is watched executes each instruction by itself, and none in a swift stretch (cpu_x86emu_swift.c). */
static enum stage_end watched_slice(struct stage *stage, bool watched)
{
    struct context *context = stage->context;

    context->trace_code = watched ? ignore_code : NULL;
    context->trace_port = watched ? ignore_port : NULL;
    enum stage_end end = stage_slice(stage);

    context->trace_code =
        NULL; /* it may be another stage->context by now: the guest pressed its reset button */
    context->trace_port = NULL;
    return end;
}

/* Of this thread on its CPU: others on the machine do not count. */
static uint64_t cpu_now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

static enum stage_end timed_slice(struct pair *pair, bool watched, uint64_t number,
                                  struct duel_counts *counts)
{
    uint64_t begin = cpu_now_ns();
    enum stage_end end = stage_slice(&pair->packed);
    uint64_t took = cpu_now_ns() - begin;

    counts->slices++;
    if (took > counts->slowest_ns) {
        counts->slowest_ns = took;
        counts->slowest_case = number;
    }
    if (watched_slice(&pair->plain, watched) != end)
        stage_fail(&pair->packed, "packed, it ended in another way");
    compare(pair);
    return end;
}

static unsigned fight(struct duel *duel, struct pair *pair, uint64_t number, struct duel_counts *counts)
{
    struct random source = {number}, *random = &source;
    bool learns = draw(random, 16) == 0, traced = draw(random, 64) == 0, watched = draw(random, 2) == 0;

    counts->traced += traced;
    for (unsigned slice = 0; slice < SLICES_MOST; slice++) {
        if (traced) {
            duel->traced.trace_line = count_line;
            duel->traced.trace_context = duel;
            shard_trace_attach(&duel->traced, pair->packed.context);
        }
        enum stage_end end = timed_slice(pair, watched, number, counts);

        if (traced) /* a reset laid another context, which has no trace */
            shard_trace_detach(pair->packed.context);
        if (end == STAGE_STOPPED)
            return pair->packed.context->state.stop;
        if (end == STAGE_HALTED)
            return DUEL_HALTED;
        if (stage_instructions(&pair->packed) >= pair->packed.fuzz->budget)
            break;
        unsigned bases = machine_base_count(pair->packed.bases);

        counts->packed_bytes += stage_repack(&pair->packed, learns && draw(random, 8) == 0);
        counts->packs++;
        counts->learned += machine_base_count(pair->packed.bases) - bases;
    }
    return DUEL_BUDGET;
}

void duel_run(struct duel *duel, const struct fuzz_case *fuzz, uint64_t number, struct duel_counts *counts)
{
    struct pair *pair = get_pair(duel, fuzz);

    stage_visit_neighbour(&pair->packed, 0);
    stage_paint_cpu(&pair->packed);
    stage_visit_neighbour(&pair->plain, 0);
    stage_paint_cpu(&pair->plain);
    stage_begin(&pair->packed, fuzz);
    stage_begin(&pair->plain, fuzz);
    counts->ends[fuzz->kind][fight(duel, pair, number, counts)]++;
    compare_memory(pair);
    stage_end(&pair->packed);
    stage_end(&pair->plain);
    counts->cases++;
    counts->instructions += stage_instructions(&pair->packed) + stage_instructions(&pair->plain);
    counts->resets += pair->packed.resets;
    counts->sleeps += pair->packed.sleeps;
    counts->idle_wakes += pair->packed.idle_wakes;
    counts->output_bytes += pair->packed.output_bytes;
}
