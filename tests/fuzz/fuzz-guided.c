/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The duel (duel.h) guided by coverage: a target for libFuzzer. An input is a sector, then up to 12 bytes of
 * what the machine is like, then what it is sent; any part may be missing.
 */
#include "duel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

void stage_fail(const struct stage *stage, const char *what)
{
    (void)stage;
    fprintf(stderr, "fuzz-guided: %s\n", what);
    abort();
}

struct reader {
    const uint8_t *bytes;
    size_t size;
};

static unsigned take(struct reader *reader, unsigned otherwise)
{
    if (reader->size == 0)
        return otherwise;
    reader->size--;
    return *reader->bytes++;
}

static size_t take_some(struct reader *reader, uint8_t *to, size_t room)
{
    size_t count = reader->size < room ? reader->size : room;

    memcpy(to, reader->bytes, count);
    reader->bytes += count;
    reader->size -= count;
    return count;
}

static void decode(struct reader *reader, struct fuzz_case *fuzz, uint64_t *ret_number)
{
    take_some(reader, fuzz->sector, CASE_SECTOR);
    fuzz->memory_mib = 1 + (take(reader, 0) & 1);
    fuzz->drive = take(reader, 1) & 1 ? 0x80 : 0;
    fuzz->slice = 1 + 8 * take(reader, 100);
    fuzz->budget = 500 + 20 * take(reader, 100);
    fuzz->ns_per_instruction = UINT64_C(1) << (take(reader, 7) & 31);
    fuzz->output_limit = take(reader, 0) << 4;
    *ret_number = take(reader, 1);
    *ret_number |= take(reader, 0) << 8;
    fuzz->input_count = take_some(reader, fuzz->input, CASE_INPUT);
    fuzz->key_count = take_some(reader, fuzz->keys, CASE_KEYS);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct duel *duel;
    static struct duel_counts counts;
    struct reader reader = {bytes, size};
    struct fuzz_case fuzz = {.kind = CASE_MUTANT};
    uint64_t number;

    if (!duel && !(duel = duel_open()))
        abort();
    decode(&reader, &fuzz, &number);
    duel_run(duel, &fuzz, number, &counts);
    return 0;
}
