/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "round.h"

#include "base/clock.h"
#include "base/random.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_MOST = 4096 };

static struct {
    const char *name;
    uint64_t seed, number, count, ends_ns;
    unsigned patience_seconds;
    bool begun;
    struct random chance;
} rounds = {.seed = 1};

static void hangs(int signal)
{
    static const char text[] = ": the present case does not end\n";

    (void)signal;
    (void)!write(STDERR_FILENO, rounds.name, strlen(rounds.name));
    (void)!write(STDERR_FILENO, text, sizeof(text) - 1);
    abort();
}

bool round_begin(const char *name, uint64_t count, unsigned patience_seconds, int argc, char **argv)
{
    static const struct option options[] = {{"seed", required_argument, NULL, 's'},
                                            {"count", required_argument, NULL, 'c'},
                                            {"seconds", required_argument, NULL, 't'},
                                            {0}};
    uint64_t seconds = 1000000;
    int option;

    rounds.name = name;
    rounds.count = count;
    rounds.patience_seconds = patience_seconds;
    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        uint64_t number = optarg ? strtoull(optarg, NULL, 10) : 0;

        if (option == 's')
            rounds.seed = number;
        else if (option == 'c')
            rounds.count = number;
        else if (option == 't')
            seconds = number;
        else
            return false;
    }
    rounds.ends_ns = clock_now_ns() + seconds * NS_PER_SECOND;
    signal(SIGALRM, hangs);
    return true;
}

bool round_next(void)
{
    if (rounds.begun)
        rounds.number++;
    rounds.begun = true;
    if (rounds.number >= rounds.count || clock_now_ns() >= rounds.ends_ns)
        return false;
    rounds.chance.state = rounds.seed * 1000003 + rounds.number;
    alarm(rounds.patience_seconds);
    return true;
}

uint64_t round_number(void)
{
    return rounds.number;
}

unsigned draw(unsigned bound)
{
    return (unsigned)random_below(&rounds.chance, bound);
}

const char *any(const char *const *words)
{
    unsigned count = 0;

    while (words[count])
        count++;
    return words[draw(count)];
}

size_t append(char *text, size_t room, size_t count, const char *word)
{
    size_t length = strlen(word);

    if (count + length > room)
        return count;
    memcpy(text + count, word, length);
    return count + length;
}

_Noreturn void fail(const char *what, const char *text, size_t length)
{
    fprintf(stderr, "%s: seed %llu, case %llu: %s\n", rounds.name, (unsigned long long)rounds.seed,
            (unsigned long long)rounds.number, what);
    for (size_t i = 0; i < length && i < TEXT_MOST; i++)
        fprintf(stderr, text[i] >= ' ' && text[i] <= '~' ? "%c" : "\\x%02x", (unsigned char)text[i]);
    fputc('\n', stderr);
    abort();
}
