/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The frame of a fuzzer: case after case, each made by chance of the seed and its number alone. */
#ifndef MVM_FUZZ_ROUND_H
#define MVM_FUZZ_ROUND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Takes --seed, --count (of cases, else `count`) and --seconds. A case may take `patience_seconds`. False:
 * bad usage. */
bool round_begin(const char *name, uint64_t count, unsigned patience_seconds, int argc, char **argv);

/* Begins the next case; false: that was the last one. */
bool round_next(void);

/* The present case's number; behind the last one, how many there were. */
uint64_t round_number(void);

/* By chance, below `bound`. */
unsigned draw(unsigned bound);

/* One of them; the first NULL ends them. */
const char *any(const char *const *words);

/* Puts the word behind the first `count` bytes of a text, when it fits into its `room`; how many there are
 * then. */
size_t append(char *text, size_t room, size_t count, const char *word);

/* Ends the fuzzer with what is wrong, the case, and the text that it came with. */
_Noreturn void fail(const char *what, const char *text, size_t length);

#endif
