/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a saved population may hold when somebody has written it with bad intent: packed machines of random
 * bytes, machines whose states no machine ever was in, and files with altered bytes and a right checksum. All
 * of it must be refused, or run like any other.
 *
 *   fuzz-records [--seed N] [--count N] [--seconds S] IMAGE...
 */
#include "base/clock.h"
#include "base/reason.h"
#include "stage.h"
#include "vmm/vmm.h"

#include <getopt.h>
#include <nettle/sha2.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HANGS_AFTER_SECONDS = 20, VMS = 6, PACKED_MOST = 1 << 20, FILE_MOST = 1 << 20, SLICES = 4 };

static uint64_t present_seed, present_number;

void stage_fail(const struct stage *stage, const char *what)
{
    (void)stage;
    fprintf(stderr, "fuzz-records: seed %llu, case %llu: %s\n", (unsigned long long)present_seed,
            (unsigned long long)present_number, what);
    abort();
}

static void hangs(int signal)
{
    static const char text[] = "fuzz-records: a case does not end\n";

    (void)signal;
    (void)!write(STDERR_FILENO, text, sizeof(text) - 1);
    abort();
}

/* Alters some bytes, moves some, or cuts. */
static size_t alter(struct random *random, uint8_t *bytes, size_t size, size_t begin)
{
    unsigned changes = 1 + draw(random, draw(random, 3) ? 4 : 40);

    for (unsigned i = 0; i < changes && size > begin; i++) {
        size_t at = begin + random_below(random, size - begin), count = 1 + draw(random, 16);

        count = count > size - at ? size - at : count;
        switch (draw(random, 6)) {
        case 0:
            bytes[at] ^= (uint8_t)(1u << draw(random, 8));
            break;
        case 1:
            bytes[at] = 0xff;
            break;
        case 2:
            memmove(bytes + at, bytes + at + count, size - at - count);
            size -= count;
            break;
        case 3:
            for (size_t byte = 0; byte < count; byte++)
                bytes[at + byte] = draw_byte(random);
            break;
        case 4:
            size = draw(random, 8) ? size : at;
            break;
        default:
            bytes[at] = draw_byte(random);
        }
    }
    return size;
}

/* Packed machines. */

struct record_counts {
    uint64_t cases, refused, stopped, halted, running, instructions;
};

static size_t make_record(struct stage *stage, struct random *random, const struct fuzz_case *fuzz,
                          uint8_t *packed)
{
    static struct machine_state unaltered;

    stage_begin(stage, fuzz);
    for (unsigned i = draw(random, 3); i > 0; i--)
        if (stage_slice(stage) != STAGE_GOES_ON)
            break;
    uint8_t *state = (uint8_t *)&stage->context->state;

    unaltered = stage->context->state;
    if (draw(random, 3)) /* a state that no machine was ever in, rightly packed */
        for (unsigned i = 1 + draw(random, 20); i > 0; i--)
            state[draw(random, sizeof(stage->context->state))] = draw(random, 3) ? draw_byte(random) : 0xff;
    size_t size = machine_pack(stage->bench, stage->context, packed, PACKED_MOST);

    stage->context->state = unaltered;
    stage_end(stage);
    if (draw(random, 3) == 0)
        size = alter(random, packed, size, 0);
    else if (draw(random, 8) == 0)
        for (size_t i = 1; i < size; i++)
            packed[i] = draw_byte(random);
    return size;
}

static void run_record(struct stage *stage, const uint8_t *packed, size_t size, struct record_counts *counts)
{
    uint8_t *exact = malloc(size ? size : 1); /* so that reading past the end is seen */
    int error = 0;

    memcpy(exact, packed, size);
    struct context *context = machine_lay(stage->bench, exact, size, &error);

    counts->cases++;
    if (!context && error >= 0)
        stage_fail(stage, "refused without a reason");
    if (context && !machine_state_is_sane(&context->state)) {
        machine_unlay(stage->bench, context);
        context = NULL;
    }
    if (!context) {
        counts->refused++;
        stage_begin(stage, stage->fuzz); /* and nothing of it is left */
        stage_end(stage);
        free(exact);
        return;
    }
    stage_adopt(stage, context);
    enum stage_end end = STAGE_GOES_ON;

    for (unsigned i = 0; i < SLICES && end == STAGE_GOES_ON; i++) {
        end = stage_slice(stage);
        if (end == STAGE_GOES_ON)
            stage_repack(stage, false);
    }
    counts->stopped += end == STAGE_STOPPED;
    counts->halted += end == STAGE_HALTED;
    counts->running += end == STAGE_GOES_ON;
    counts->instructions += stage_instructions(stage);
    stage_end(stage);
    free(exact);
}

static void fuzz_records(uint64_t count, uint64_t until_ns, const struct corpus *corpus,
                         struct record_counts *counts)
{
    uint8_t *packed = malloc(PACKED_MOST);
    struct stage stage;

    stage_open(&stage, 1, 0x80, 0xa1);
    for (present_number = 0; present_number < count && clock_now_ns() < until_ns; present_number++) {
        struct random random = {present_seed * 1000003 + present_number};
        struct fuzz_case fuzz;

        alarm(HANGS_AFTER_SECONDS);
        case_make(&fuzz, present_seed, present_number, corpus);
        fuzz.memory_mib = 1;
        fuzz.drive = 0x80;
        fuzz.slice = 500;
        size_t size = make_record(&stage, &random, &fuzz, packed);

        run_record(&stage, packed, size, counts);
    }
    stage_close(&stage);
    free(packed);
}

/* Saved populations. */

struct file_counts {
    uint64_t cases, refused, restored, answered;
};

static const struct vmm_options options = {
    .workers = 1,
    .memory_mib = 1,
    .slice = 2000,
    .output_limit = 1 << 16,
    .boot_timeout_ns = NS_PER_SECOND,
    .drive = 0x80,
    .learn = true,
    .memory_limit = 64 << 20,
};

static size_t save(const uint8_t *image, const char *path, uint8_t *bytes)
{
    struct reason reason = {""};
    struct vmm *vmm;

    if (vmm_open(&options, image, &vmm, &reason) < 0)
        stage_fail(NULL, reason.text);
    vmm_boot(vmm, VMS);
    while (vmm_booting(vmm) > 0)
        clock_sleep_until(clock_now_ns() + NS_PER_MILLISECOND);
    if (vmm_save(vmm, path, &reason) < 0)
        stage_fail(NULL, reason.text);
    vmm_close(vmm);
    FILE *file = fopen(path, "rb");
    size_t size = file ? fread(bytes, 1, FILE_MOST, file) : 0;

    if (file)
        fclose(file);
    if (size < 600 || size == FILE_MOST)
        stage_fail(NULL, "a saved population cannot be read");
    return size;
}

static void write_file(const char *path, uint8_t *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    struct sha256_ctx hash;

    sha256_init(&hash);
    sha256_update(&hash, size, bytes);
    sha256_digest(&hash, SHA256_DIGEST_SIZE, bytes + size);
    if (!file || fwrite(bytes, size + SHA256_DIGEST_SIZE, 1, file) != 1)
        stage_fail(NULL, "an altered file cannot be written");
    fclose(file);
}

/* Everything that is asked of a population, once. */
static void use(struct vmm *vmm, struct file_counts *counts)
{
    struct vmm_request requests[VMS], *list[VMS];
    char answers[VMS][40], text[200];
    struct vmm_counts count;
    struct vmm_screen screen;
    uint8_t bytes[100];

    for (unsigned i = 0; i < VMS; i++) {
        requests[i] = (struct vmm_request){.vm = i,
                                           .bytes = "?x\n",
                                           .length = 3,
                                           .answer = answers[i],
                                           .room = 40,
                                           .deadline_ns = clock_now_ns() + 2 * NS_PER_MILLISECOND};
        list[i] = &requests[i];
    }
    vmm_submit(vmm, list, VMS);
    for (size_t got = 0; got < VMS;)
        got += vmm_reap(vmm, list, VMS - got, clock_now_ns() + NS_PER_SECOND);
    for (unsigned i = 0; i < VMS; i++) {
        counts->answered += requests[i].status == 0;
        vmm_explain(vmm, i, text, sizeof(text));
        (void)vmm_screen(vmm, i, &screen);
    }
    if (vmm_console_open(vmm, 0) == 0) {
        vmm_console_press(vmm, 0, (const uint8_t *)"\x1e\x9e", 2);
        (void)vmm_console_read(vmm, 0, bytes, sizeof(bytes));
        vmm_console_close(vmm, 0);
    }
    vmm_count(vmm, &count);
}

static void fuzz_files(uint64_t count, uint64_t until_ns, const struct corpus *corpus,
                       struct file_counts *counts)
{
    char folder[] = "/tmp/fuzz-records-XXXXXX", path[64];
    uint8_t *good = malloc(FILE_MOST), *bytes = malloc(FILE_MOST);
    size_t size = 0;

    if (!mkdtemp(folder))
        stage_fail(NULL, "no folder under /tmp");
    snprintf(path, sizeof(path), "%s/population", folder);
    for (present_number = 0; present_number < count && clock_now_ns() < until_ns; present_number++) {
        struct random random = {present_seed * 1000033 + present_number};
        struct reason reason = {""};
        struct vmm *vmm;

        alarm(HANGS_AFTER_SECONDS);
        if (present_number % 200 == 0)
            size = save(corpus->sectors + CASE_SECTOR * draw(&random, (unsigned)corpus->count), path, good);
        memcpy(bytes, good, size);
        /* Most of a file is its image and base 0: what follows and what is before is altered more often. */
        size_t begin = draw(&random, 4)   ? size - SHA256_DIGEST_SIZE - draw(&random, 2000)
                       : draw(&random, 2) ? 0
                                          : 552;
        size_t altered = alter(&random, bytes, size - SHA256_DIGEST_SIZE, begin > size ? 0 : begin);

        write_file(path, bytes, altered);
        counts->cases++;
        if (vmm_restore(&options, path, &vmm, &reason) < 0) {
            counts->refused++;
            if (reason.text[0] == '\0')
                stage_fail(NULL, "refused without a sentence");
            continue;
        }
        counts->restored++;
        use(vmm, counts);
        vmm_close(vmm);
    }
    unlink(path);
    rmdir(folder);
    free(good);
    free(bytes);
}

int main(int argc, char **argv)
{
    static const struct option long_options[] = {
        {"seed", 1, NULL, 's'}, {"count", 1, NULL, 'c'}, {"seconds", 1, NULL, 't'}, {0}};
    uint64_t count = 10000, begin = clock_now_ns();
    struct record_counts records = {0};
    struct file_counts files = {0};
    struct corpus corpus = {0};
    double seconds = 1e9;

    present_seed = 1;
    for (int option; (option = getopt_long(argc, argv, "", long_options, NULL)) != -1;) {
        if (option == 's')
            present_seed = strtoull(optarg, NULL, 0);
        else if (option == 'c')
            count = strtoull(optarg, NULL, 0);
        else if (option == 't')
            seconds = strtod(optarg, NULL);
        else
            return 2;
    }
    while (optind < argc)
        corpus_load(argv[optind++], &corpus);
    if (corpus.count == 0)
        return 2;
    signal(SIGALRM, hangs);
    uint64_t half = begin + (uint64_t)(seconds / 2 * (double)NS_PER_SECOND);

    printf("seed %llu\n", (unsigned long long)present_seed);
    fuzz_records(count, half, &corpus, &records);
    uint64_t middle = clock_now_ns();

    printf("%llu packed machines in %.1f s: %llu refused, %llu stopped, %llu halted, %llu ran on; %llu "
           "instructions\n",
           (unsigned long long)records.cases, (double)(middle - begin) / 1e9,
           (unsigned long long)records.refused, (unsigned long long)records.stopped,
           (unsigned long long)records.halted, (unsigned long long)records.running,
           (unsigned long long)records.instructions);
    fuzz_files(count / 10 + 1, middle + (uint64_t)(seconds / 2 * (double)NS_PER_SECOND), &corpus, &files);
    printf("%llu saved populations in %.1f s: %llu refused, %llu restored, %llu requests answered\n",
           (unsigned long long)files.cases, (double)(clock_now_ns() - middle) / 1e9,
           (unsigned long long)files.refused, (unsigned long long)files.restored,
           (unsigned long long)files.answered);
    corpus_release(&corpus);
    return 0;
}
