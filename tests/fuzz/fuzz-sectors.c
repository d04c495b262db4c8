/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Boots random and mutated sectors on the machine of the vmm (duel.h), and prints how they ended.
 *
 *   fuzz-sectors [--seed N] [--count N] [--seconds S] [--first N] [--keep FILE] [IMAGE...]
 *
 * The images are what mutants are made of. Cases first to first + count - 1 of the seed's are run, or as many
 * as there is time for. A case that fails is named, and its sector written to the file of --keep; the same
 * seed and --first N --count 1 run it again.
 */
#include "base/clock.h"
#include "duel.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { HANGS_AFTER_SECONDS = 20 };

static struct {
    uint64_t seed, number;
    const char *keep;
} present;

void stage_fail(const struct stage *stage, const char *what)
{
    FILE *file = present.keep ? fopen(present.keep, "wb") : NULL;

    fflush(stdout);
    fprintf(stderr, "fuzz-sectors: seed %llu, case %llu (%s): %s\n", (unsigned long long)present.seed,
            (unsigned long long)present.number, stage->fuzz ? case_kind_names[stage->fuzz->kind] : "", what);
    if (file && stage->fuzz) {
        fwrite(stage->fuzz->sector, 1, CASE_SECTOR, file);
        fclose(file);
    }
    abort();
}

static void hangs(int signal)
{
    static const char text[] = "fuzz-sectors: the present case does not end; see the last line of progress\n";

    (void)signal;
    (void)!write(STDERR_FILENO, text, sizeof(text) - 1);
    abort();
}

static void print(const struct duel_counts *counts, double seconds)
{
    static const char *const ends[DUEL_ENDS] = {[DUEL_BUDGET] = "budget",
                                                [VM_STOP_TRIPLE_FAULT] = "triple",
                                                [VM_STOP_UNKNOWN_OPCODE] = "opcode",
                                                [VM_STOP_EXCEPTION] = "exception",
                                                [VM_STOP_UNSUPPORTED] = "unsupp.",
                                                [VM_STOP_OUTPUT] = "output",
                                                [VM_STOP_NO_MEMORY] = "memory",
                                                [DUEL_HALTED] = "halted"};

    printf("%-10s", "");
    for (unsigned end = 0; end < DUEL_ENDS; end++)
        if (ends[end])
            printf(" %9s", ends[end]);
    printf("\n");
    for (unsigned kind = 0; kind < CASE_KINDS; kind++) {
        printf("%-10s", case_kind_names[kind]);
        for (unsigned end = 0; end < DUEL_ENDS; end++)
            if (ends[end])
                printf(" %9llu", (unsigned long long)counts->ends[kind][end]);
        printf("\n");
    }
    printf("%llu cases in %.1f s, %.0f a second; %llu instructions on two stages, %.2f million a second\n",
           (unsigned long long)counts->cases, seconds, (double)counts->cases / seconds,
           (unsigned long long)counts->instructions, (double)counts->instructions / seconds / 1e6);
    printf("%llu slices, %llu sleeps, %llu idle wakes, %llu resets, %llu bytes sent, %llu traced\n",
           (unsigned long long)counts->slices, (unsigned long long)counts->sleeps,
           (unsigned long long)counts->idle_wakes, (unsigned long long)counts->resets,
           (unsigned long long)counts->output_bytes, (unsigned long long)counts->traced);
    printf("%llu times packed, %.0f bytes each, %llu bases learned; slowest slice %.2f ms (case %llu)\n",
           (unsigned long long)counts->packs,
           counts->packs ? (double)counts->packed_bytes / (double)counts->packs : 0,
           (unsigned long long)counts->learned, (double)counts->slowest_ns / 1e6,
           (unsigned long long)counts->slowest_case);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"seed", 1, NULL, 's'},    {"count", 1, NULL, 'c'},
                                            {"seconds", 1, NULL, 't'}, {"first", 1, NULL, 'f'},
                                            {"keep", 1, NULL, 'k'},    {0}};
    uint64_t count = 10000, first = 0, begin = clock_now_ns();
    struct corpus corpus = {0};
    struct duel_counts counts = {0};
    double seconds = 1e9;

    present.seed = 1;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 's')
            present.seed = strtoull(optarg, NULL, 0);
        else if (option == 'c')
            count = strtoull(optarg, NULL, 0);
        else if (option == 't')
            seconds = strtod(optarg, NULL);
        else if (option == 'f')
            first = strtoull(optarg, NULL, 0);
        else if (option == 'k')
            present.keep = optarg;
        else
            return 2;
    }
    while (optind < argc)
        corpus_load(argv[optind++], &corpus);
    struct duel *duel = duel_open();

    if (!duel)
        return 2;
    printf("seed %llu, cases from %llu on, %zu images\n", (unsigned long long)present.seed,
           (unsigned long long)first, corpus.count);
    fflush(stdout);
    signal(SIGALRM, hangs);
    for (present.number = first; present.number < first + count; present.number++) {
        struct fuzz_case fuzz;

        if (present.number % 256 == 0 && (double)(clock_now_ns() - begin) / 1e9 >= seconds)
            break;
        alarm(HANGS_AFTER_SECONDS);
        case_make(&fuzz, present.seed, present.number, &corpus);
        duel_run(duel, &fuzz, present.number, &counts);
    }
    alarm(0);
    print(&counts, (double)(clock_now_ns() - begin) / 1e9);
    duel_close(duel);
    corpus_release(&corpus);
    return 0;
}
