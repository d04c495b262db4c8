/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm/machine.h"

#include "base/reason.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    RUN_ENDS = 0xf8,
    ALL_ENDS = 0xf9,
    RUN_LONG = 0xff,
    SHORT_GAP = 30,
    SHORT_LENGTH = 8,
    MERGE_GAP = 2,
    /* Packed machines larger than this are tried on the bases learned from their own; those larger than that
     * hold data of their own, which no base has. */
    TRY_ABOVE = 20,
    TRY_BELOW = 4096,
    JUDGED_AFTER = 256, /* tries of a base, of which a quarter must win */
    LEARN_EVERY = 512,  /* packed machines between two lessons of one bench */
    VAIN_MOST = 3,      /* bases learned in vain before a bench learns no more */
};

_Static_assert(sizeof(struct machine_state) % 8 == 0, "states are compared 8 bytes at a time");

struct slot {
    struct context context;
    const struct machine_base *base;
    unsigned number;
    uint32_t *order; /* scratch: lines in ascending order; room for twice all */
    size_t mapped;
};

struct machine_bench {
    struct machine_bases *bases;
    struct context template;
    struct slot *slots[MACHINE_BASES_MOST];
    uint32_t tries[MACHINE_BASES_MOST], wins[MACHINE_BASES_MOST];
    bool useless[MACHINE_BASES_MOST];
    uint32_t packed, large; /* since the last lesson */
    unsigned vain;
};

static struct slot *slot_of(const struct context *context)
{
    return (struct slot *)((char *)context - offsetof(struct slot, context));
}

int machine_bench_create(struct machine_bases *bases, struct machine_bench **ret_bench, struct reason *reason)
{
    struct machine_bench *bench = calloc(1, sizeof(*bench));

    if (!bench)
        return reason_set(reason, ENOMEM, "no memory for a worker's machines");
    bench->bases = bases;
    *ret_bench = bench;
    return 0;
}

void machine_bench_free(struct machine_bench *bench)
{
    if (!bench)
        return;
    for (unsigned i = 0; i < MACHINE_BASES_MOST; i++)
        if (bench->slots[i]) {
            munmap(bench->slots[i]->context.memory.bytes, bench->slots[i]->mapped);
            free(bench->slots[i]);
        }
    free(bench);
}

struct context *machine_bench_template(struct machine_bench *bench)
{
    return &bench->template;
}

static size_t align(size_t size)
{
    return (size + 63) & ~(size_t)63;
}

static struct slot *make_slot(struct machine_bench *bench, unsigned number)
{
    const struct machine_base *base = machine_base_get(bench->bases, number);

    if (!base)
        return NULL;
    size_t lines = base->memory_size >> MEMORY_LINE_SHIFT;
    size_t dirty = align(lines * sizeof(uint32_t)), bits = align(lines / 8);
    size_t size = base->memory_size + 3 * dirty + bits;
    struct slot *slot = malloc(sizeof(*slot));
    uint8_t *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (!slot || bytes == MAP_FAILED) {
        if (bytes != MAP_FAILED)
            munmap(bytes, size);
        free(slot);
        return NULL;
    }
    slot->context = bench->template;
    slot->context.memory = (struct memory){
        .bytes = bytes,
        .base = base->memory,
        .size = base->memory_size,
        .a20_mask = UINT32_MAX,
        .dirty = (uint32_t *)(void *)(bytes + base->memory_size),
        .dirty_bits = (uint64_t *)(void *)(bytes + base->memory_size + 3 * dirty),
    };
    slot->order = (uint32_t *)(void *)(bytes + base->memory_size + dirty);
    slot->base = base;
    slot->number = number;
    slot->mapped = size;
    memcpy(bytes, base->memory, base->memory_size);
    bench->slots[number] = slot;
    return slot;
}

static struct slot *get_slot(struct machine_bench *bench, unsigned number)
{
    if (number >= MACHINE_BASES_MOST)
        return NULL;
    return bench->slots[number] ? bench->slots[number] : make_slot(bench, number);
}

/* Reading. */

struct reader {
    const uint8_t *at, *end;
    uint64_t place; /* where the last run ended */
};

static bool read_varint(struct reader *reader, uint64_t *ret_value)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 35 && reader->at < reader->end; shift += 7) {
        uint8_t byte = *reader->at++;

        value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) {
            *ret_value = value;
            return true;
        }
    }
    return false;
}

/* The next run: its place and bytes. 0: there is one; 1: the list has ended; 2: and so have all; -EBADMSG. */
static inline int read_run(struct reader *reader, uint64_t *ret_place, const uint8_t **ret_bytes,
                           size_t *ret_count)
{
    uint64_t gap, length;

    if (reader->at >= reader->end)
        return -EBADMSG;
    uint8_t head = *reader->at++;

    if (head == RUN_ENDS || head == ALL_ENDS)
        return head == RUN_ENDS ? 1 : 2;
    if (head == RUN_LONG) {
        if (!read_varint(reader, &gap) || !read_varint(reader, &length))
            return -EBADMSG;
    } else if (head > RUN_ENDS) {
        return -EBADMSG;
    } else {
        gap = head >> 3;
        length = (head & 7) + 1u;
    }
    if (length > (uint64_t)(reader->end - reader->at))
        return -EBADMSG;
    *ret_place = reader->place + gap;
    *ret_bytes = reader->at;
    *ret_count = (size_t)length;
    reader->at += length;
    reader->place = *ret_place + length;
    return 0;
}

static inline void copy(uint8_t *to, const uint8_t *from, size_t count)
{
    if (count > SHORT_LENGTH) {
        memcpy(to, from, count);
        return;
    }
    for (size_t i = 0; i < count; i++)
        to[i] = from[i];
}

/* What read_run() said last. */
static int lay_state(struct reader *reader, struct machine_state *state)
{
    const uint8_t *bytes;
    uint64_t place;
    size_t count;
    int end;

    reader->place = 0;
    while ((end = read_run(reader, &place, &bytes, &count)) == 0) {
        if (place > sizeof(*state) || count > sizeof(*state) - place)
            return -EBADMSG;
        copy((uint8_t *)state + place, bytes, count);
    }
    return end;
}

static bool lay_memory(struct reader *reader, struct memory *memory)
{
    const uint8_t *bytes;
    uint64_t place;
    size_t count;
    int end;

    reader->place = 0;
    while ((end = read_run(reader, &place, &bytes, &count)) == 0) {
        if (place > UINT32_MAX || count > memory->size || count == 0)
            return false;
        uint8_t *at = memory_writable(memory, (uint32_t)place, (uint32_t)count);

        if (!at)
            return false;
        copy(at, bytes, count);
        for (uint64_t line = place >> MEMORY_LINE_SHIFT; line <= (place + count - 1) >> MEMORY_LINE_SHIFT;
             line++)
            memory_mark(memory, (uint32_t)line);
    }
    return end == 1;
}

struct context *machine_lay(struct machine_bench *bench, const uint8_t *packed, size_t size, int *ret_error)
{
    struct slot *slot = size > 0 ? get_slot(bench, packed[0]) : NULL;
    struct reader reader = {.at = packed + 1, .end = packed + size};

    if (!slot) {
        *ret_error = -EBADMSG;
        return NULL;
    }
    slot->context.state = slot->base->state;
    int end = lay_state(&reader, &slot->context.state);

    if (end == 2 || (end == 1 && lay_memory(&reader, &slot->context.memory)))
        return &slot->context;
    machine_unlay(bench, &slot->context);
    *ret_error = -EBADMSG;
    return NULL;
}

int machine_lay_state(const struct machine_base *base, const uint8_t *packed, size_t size,
                      struct machine_state *ret_state)
{
    struct reader reader = {.at = packed + 1, .end = packed + size};

    *ret_state = base->state;
    return size > 0 && packed[0] == 0 && lay_state(&reader, ret_state) == 2 ? 0 : -EBADMSG;
}

struct context *machine_lay_reset(struct machine_bench *bench)
{
    struct slot *slot = get_slot(bench, 0);

    if (!slot)
        return NULL;
    slot->context.state = slot->base->state;
    return &slot->context;
}

void machine_unlay(struct machine_bench *bench, struct context *context)
{
    struct memory *memory = &context->memory;

    (void)bench;
    for (uint32_t i = 0; i < memory->dirty_count; i++) {
        uint32_t line = memory->dirty[i];
        size_t at = (size_t)line << MEMORY_LINE_SHIFT;

        memcpy(memory->bytes + at, memory->base + at, MEMORY_LINE);
        memory->dirty_bits[line >> 6] = 0;
    }
    memory->dirty_count = 0;
}

size_t machine_packed_size(const uint8_t *packed, size_t size)
{
    struct reader reader = {.at = packed + 1, .end = packed + size};
    const uint8_t *bytes;
    uint64_t place;
    size_t count;
    int end = size > 0 ? 0 : -EBADMSG;

    for (int list = 0; end >= 0 && end < 2 && list < 2; list++)
        while ((end = read_run(&reader, &place, &bytes, &count)) == 0)
            ;
    return end > 0 ? (size_t)(reader.at - packed) : 0;
}

/* Writing. */

struct writer {
    uint8_t *to;
    size_t room, at; /* `at` counts on when the room is used up */
    const uint8_t *from;
    uint64_t place;      /* end of the last run written */
    uint64_t start, end; /* the run that is being gathered; none when equal */
};

static void write_byte(struct writer *writer, uint8_t byte)
{
    if (writer->at < writer->room)
        writer->to[writer->at] = byte;
    writer->at++;
}

static void write_varint(struct writer *writer, uint64_t value)
{
    for (; value >= 0x80; value >>= 7)
        write_byte(writer, (uint8_t)(value | 0x80));
    write_byte(writer, (uint8_t)value);
}

static void write_run(struct writer *writer)
{
    uint64_t gap = writer->start - writer->place, length = writer->end - writer->start;

    if (length == 0)
        return;
    if (gap <= SHORT_GAP && length <= SHORT_LENGTH) {
        write_byte(writer, (uint8_t)(gap << 3 | (length - 1)));
    } else {
        write_byte(writer, RUN_LONG);
        write_varint(writer, gap);
        write_varint(writer, length);
    }
    if (writer->at + length <= writer->room)
        copy(writer->to + writer->at, writer->from + writer->start, (size_t)length);
    writer->at += length;
    writer->place = writer->end;
}

static inline void add_range(struct writer *writer, uint64_t start, uint64_t end)
{
    if (writer->end > writer->start && start <= writer->end + MERGE_GAP) {
        writer->end = end;
        return;
    }
    write_run(writer);
    writer->start = start;
    writer->end = end;
}

/* Adds the ranges of the 8 bytes at `place` in which they differ from `base`. */
static inline void add_word(struct writer *writer, const uint8_t *base, uint64_t place)
{
    uint64_t now, before;

    memcpy(&now, writer->from + place, sizeof(now));
    memcpy(&before, base + place, sizeof(before));
    uint64_t differ = now ^ before;

    while (differ) {
        unsigned first = (unsigned)__builtin_ctzll(differ) / 8, last = first + 1;

        while (last < 8 && differ >> (8 * last) & 0xff)
            last++;
        add_range(writer, place + first, place + last);
        if (last == 8)
            break;
        differ = differ >> (8 * last) << (8 * last);
    }
}

static void begin_list(struct writer *writer, const uint8_t *from)
{
    writer->from = from;
    writer->place = writer->start = writer->end = 0;
}

static void end_list(struct writer *writer)
{
    write_run(writer);
    write_byte(writer, RUN_ENDS);
}

static int compare_lines(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

    return (left > right) - (left < right);
}

static void sort_lines(uint32_t *lines, size_t count)
{
    if (count > 24) {
        qsort(lines, count, sizeof(*lines), compare_lines);
        return;
    }
    for (size_t i = 1; i < count; i++) {
        uint32_t line = lines[i];
        size_t at = i;

        for (; at > 0 && lines[at - 1] > line; at--)
            lines[at] = lines[at - 1];
        lines[at] = line;
    }
}

/* The lines in which the context can differ from `base`: its dirty ones, and those of a base that was learned
 * from its own. */
static size_t list_lines(const struct slot *slot, const struct machine_base *base, uint32_t *order)
{
    const struct memory *memory = &slot->context.memory;
    size_t count = memory->dirty_count;

    memcpy(order, memory->dirty, count * sizeof(*order));
    if (base != slot->base)
        for (uint32_t i = 0; i < base->line_count; i++) {
            uint32_t line = base->lines[i];

            if (!(memory->dirty_bits[line >> 6] >> (line & 63) & 1))
                order[count++] = line;
        }
    sort_lines(order, count);
    return count;
}

static void write_state(struct writer *writer, const struct machine_base *base,
                        const struct machine_state *state)
{
    begin_list(writer, (const uint8_t *)state);
    for (size_t at = 0; at < sizeof(struct machine_state); at += 8)
        add_word(writer, (const uint8_t *)&base->state, at);
    end_list(writer);
}

size_t machine_pack_state(const struct machine_base *base, const struct machine_state *state, uint8_t *packed,
                          size_t room)
{
    struct writer writer = {.to = packed, .room = room};

    write_byte(&writer, 0);
    write_state(&writer, base, state);
    if (writer.at <= room)
        packed[writer.at - 1] = ALL_ENDS;
    return writer.at;
}

static size_t pack_to(const struct slot *slot, const struct machine_base *base, unsigned number,
                      uint8_t *packed, size_t room)
{
    struct writer writer = {.to = packed, .room = room};
    const struct memory *memory = &slot->context.memory;

    write_byte(&writer, (uint8_t)number);
    write_state(&writer, base, &slot->context.state);

    size_t count = list_lines(slot, base, slot->order), end_of_state = writer.at;

    begin_list(&writer, memory->bytes);
    for (size_t i = 0; i < count; i++) {
        uint64_t at = (uint64_t)slot->order[i] << MEMORY_LINE_SHIFT;

        for (unsigned word = 0; word < MEMORY_LINE; word += 8)
            add_word(&writer, base->memory, at + word);
    }
    if (writer.at == end_of_state && writer.start == writer.end) { /* the memory is the base's */
        if (end_of_state <= room)
            packed[end_of_state - 1] = ALL_ENDS;
        return writer.at;
    }
    end_list(&writer);
    return writer.at;
}

/* Keeps count of what a learned base is good for. */
static void judge(struct machine_bench *bench, unsigned number, bool won)
{
    bench->wins[number] += won;
    if (++bench->tries[number] < JUDGED_AFTER)
        return;
    if (bench->wins[number] < JUDGED_AFTER / 4) {
        bench->useless[number] = true;
        bench->vain++;
    }
    bench->tries[number] = bench->wins[number] = 0;
}

size_t machine_pack(struct machine_bench *bench, const struct context *context, uint8_t *packed, size_t room)
{
    const struct slot *slot = slot_of(context);
    size_t best = pack_to(slot, slot->base, slot->number, packed, room);
    unsigned count = machine_base_count(bench->bases), best_number = slot->number, last_number = slot->number;

    if (best <= TRY_ABOVE || best > TRY_BELOW)
        return best;
    for (unsigned i = 1; i < count; i++) {
        const struct machine_base *base = machine_base_get(bench->bases, i);

        if (base->parent != slot->number || i == slot->number || bench->useless[i])
            continue;
        size_t size = pack_to(slot, base, i, packed, room);

        judge(bench, i, size < best);
        last_number = i;
        if (size < best) {
            best = size;
            best_number = i;
        }
    }
    if (last_number != best_number)
        best = pack_to(slot, machine_base_get(bench->bases, best_number), best_number, packed, room);
    return best;
}

bool machine_worth_learning(struct machine_bench *bench, size_t size)
{
    bench->packed++;
    bench->large += size > TRY_ABOVE && size <= TRY_BELOW;
    if (bench->packed < LEARN_EVERY)
        return false;
    bool worth = bench->large > LEARN_EVERY / 2 && bench->vain < VAIN_MOST && size > TRY_ABOVE &&
                 size <= TRY_BELOW && machine_base_count(bench->bases) < MACHINE_BASES_MOST;

    bench->packed = bench->large = 0;
    return worth;
}

bool machine_learn(struct machine_bench *bench, const struct context *context)
{
    const struct slot *slot = slot_of(context);

    return machine_bases_add(bench->bases, (uint8_t)slot->number, &context->state, context->memory.bytes) ==
           0;
}

bool machine_state_is_sane(const struct machine_state *state)
{
    const struct cpu_state *cpu = &state->cpu;
    bool a20 = state->port92 & 0x02, gate = state->port61 & 0x01;

    return (cpu->halted | cpu->shadow) <= 1 && (cpu->cr0 & 0x80000000) == 0 && state->stop < VM_STOP_COUNT &&
           pic_is_sane(&state->pic) && pit_is_sane(&state->pit) && uart_is_sane(&state->uart) &&
           keyboard_is_sane(&state->keyboard) && rtc_is_sane(&state->rtc) && vga_is_sane(&state->vga) &&
           disk_is_sane(&state->disk) && state->port61 <= 0x0f && (state->port92 & ~0x02) == 0 &&
           keyboard_a20(&state->keyboard) == a20 && (state->pit.channel[2].gate != 0) == gate;
}
