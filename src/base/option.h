/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Command-line options as data: one table row an option. From the same row come parsing, the default, the
 * range check, the error sentence and the line of --help, so that they cannot differ. Commands and engines
 * each have such a table; an engine's rows are added to those of the command that runs it.
 */
#ifndef MVM_BASE_OPTION_H
#define MVM_BASE_OPTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct reason;

enum option_kind {
    OPTION_FLAG,     /* bool; takes no value */
    OPTION_TEXT,     /* const char *; points into argv or into the table */
    OPTION_LIST,     /* struct option_list; may be given many times */
    OPTION_CHOICE,   /* const char *; one of `choices` */
    OPTION_COUNT,    /* uint64_t; a whole number */
    OPTION_NUMBER,   /* double */
    OPTION_PERCENT,  /* double; "90" or "90%" */
    OPTION_SIZE,     /* uint64_t bytes; K, M, G, T mean 1024 to the power of 1, 2, 3, 4 */
    OPTION_BITS,     /* uint64_t bits a second; K, M, G, T mean 1000 to the power of 1, 2, 3, 4 */
    OPTION_DURATION, /* uint64_t nanoseconds; a number with ms, s, m or h; seconds when without */
};

struct option_list {
    const char *const *items; /* in the order given; malloc'd by options_parse(), pointing into argv */
    size_t count;
};

struct option_spec {
    const char *name; /* without "--" */
    enum option_kind kind;
    const char *argument; /* what --help calls the value, for example "SIZE"; NULL for flags */
    const char *help;     /* one sentence without a full stop */
    size_t offset;        /* offsetof() the value in the struct that the table fills */
    const char *fallback; /* the default, as a user would type it; NULL leaves zero, false or NULL */
    double least,
        most; /* inclusive range of COUNT, NUMBER, PERCENT, SIZE (bytes), DURATION (seconds); 0, 0: any */
    const char *const *choices; /* of OPTION_CHOICE, NULL-terminated */
};

/* A table, and the struct that its values go to. */
struct option_set {
    const char *title; /* the heading in --help; NULL for "Options" */
    const struct option_spec *specs;
    size_t count;
    void *values;
    const char *absent; /* a sentence on why there are none, for --help and for who gives one; NULL */
};

/* The set with the struct that its values go to; a table of sets that are only told has none. */
static inline struct option_set option_set_for(const struct option_set *set, void *values)
{
    struct option_set filled = *set;

    filled.values = values;
    return filled;
}

/*
 * Sets all values to their defaults, then reads `argv[1..argc-1]`. Operands (words that are not options) are
 * gathered in order at the front: `*ret_operands` points at the first one in argv and `*ret_operand_count`
 * counts them. argv is permuted. Returns 0, or -EINVAL with a sentence that names the option, the word given
 * and what would be right.
 */
int options_parse(const struct option_set *sets, size_t set_count, int argc, char **argv,
                  char ***ret_operands, int *ret_operand_count, struct reason *reason);

/* Releases what options_parse() allocated (the lists). Safe on zeroed values and after failure. */
void options_release(const struct option_set *sets, size_t set_count);

/* The value given for `name` in argv as "--name VALUE" or "--name=VALUE", the last one winning, or NULL: for
 * the one option on which the other tables depend (--engine). */
const char *options_peek(const char *name, int argc, char *const *argv);

/* The same of words without a program's name before them. */
const char *options_peek_words(const char *name, size_t count, char *const *words);

/* Prints the tables as help: a line an option with its argument, sentence and default. */
void options_print_help(const struct option_set *sets, size_t set_count, FILE *to);

/* Parsers of single values, as the options use them; -EINVAL when `text` is not one, whole and in range of
 * the type. */
int parse_size(const char *text, uint64_t *ret_bytes);
int parse_bits(const char *text, uint64_t *ret_bits);
int parse_duration(const char *text, uint64_t *ret_ns);
int parse_number(const char *text, double *ret_number);
int parse_count(const char *text, uint64_t *ret_count);

/* Bytes for people, in binary units with three significant digits: "512 B", "11.9 MiB". Returns `text`. */
enum { SIZE_TEXT_ROOM = 32 };
const char *size_text(double bytes, char text[SIZE_TEXT_ROOM]);

#endif
