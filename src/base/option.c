/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/option.h"

#include "base/clock.h"
#include "base/reason.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

/* Where the value of `spec` lives, as a pointer to its type. */
#define VALUE(set, spec, type) ((type *)(void *)((char *)(set)->values + (spec)->offset))

static int list_add(struct option_list *list, const char *item)
{
    const char **grown = realloc((void *)list->items, (list->count + 1) * sizeof(*grown));

    if (!grown)
        return -ENOMEM;
    grown[list->count++] = item;
    list->items = grown;
    return 0;
}

static bool in_range(const struct option_spec *spec, double value)
{
    if (spec->least == 0 && spec->most == 0)
        return true;
    return value >= spec->least && value <= spec->most;
}

/* "--max takes a whole number from 1 to 1000, not 'x'" */
static int refuse(const struct option_spec *spec, const char *text, struct reason *reason)
{
    static const char *const wanted[] = {
        [OPTION_COUNT] = "a whole number",
        [OPTION_NUMBER] = "a number",
        [OPTION_PERCENT] = "a percentage such as 90",
        [OPTION_SIZE] = "a size such as 512M or 4G",
        [OPTION_BITS] = "bits a second such as 100M or 10G",
        [OPTION_DURATION] = "a time such as 500ms or 2s",
    };
    char range[128] = "", least[SIZE_TEXT_ROOM], most[SIZE_TEXT_ROOM];

    if (spec->kind == OPTION_CHOICE) {
        char choices[512] = "";

        for (size_t i = 0; spec->choices[i]; i++) {
            size_t used = strlen(choices);

            snprintf(choices + used, sizeof(choices) - used, "%s%s", i ? ", " : "", spec->choices[i]);
        }
        return reason_set(reason, EINVAL, "--%s takes one of %s, not '%s'", spec->name, choices, text);
    }
    if (spec->least != 0 || spec->most != 0) {
        if (spec->kind == OPTION_SIZE)
            snprintf(range, sizeof(range), ", from %s to %s", size_text(spec->least, least),
                     size_text(spec->most, most));
        else
            snprintf(range, sizeof(range), ", from %.15g to %.15g%s", spec->least, spec->most,
                     spec->kind == OPTION_DURATION ? " seconds" : "");
    }
    return reason_set(reason, EINVAL, "--%s takes %s%s, not '%s'", spec->name, wanted[spec->kind], range,
                      text);
}

static int take_percent(const struct option_spec *spec, const char *text, double *ret_percent)
{
    char digits[64];
    size_t length = strlen(text);

    if (length >= sizeof(digits))
        return -EINVAL;
    memcpy(digits, text, length + 1);
    if (length > 0 && digits[length - 1] == '%')
        digits[length - 1] = '\0';
    double percent;

    if (parse_number(digits, &percent) < 0 || !in_range(spec, percent))
        return -EINVAL;
    *ret_percent = percent;
    return 0;
}

static int take_choice(const struct option_spec *spec, const char *text, const char **ret_choice)
{
    for (size_t i = 0; spec->choices[i]; i++) {
        if (strcmp(spec->choices[i], text) == 0) {
            *ret_choice = spec->choices[i];
            return 0;
        }
    }
    return -EINVAL;
}

static int take(const struct option_set *set, const struct option_spec *spec, const char *text,
                struct reason *reason)
{
    int error = 0;
    uint64_t whole = 0;
    double number = 0;

    switch (spec->kind) {
    case OPTION_FLAG:
        *VALUE(set, spec, bool) = true;
        return 0;
    case OPTION_TEXT:
        *VALUE(set, spec, const char *) = text;
        return 0;
    case OPTION_LIST:
        if (list_add(VALUE(set, spec, struct option_list), text) < 0)
            return reason_set(reason, ENOMEM, "no memory for --%s", spec->name);
        return 0;
    case OPTION_CHOICE:
        error = take_choice(spec, text, VALUE(set, spec, const char *));
        break;
    case OPTION_PERCENT:
        error = take_percent(spec, text, VALUE(set, spec, double));
        break;
    case OPTION_NUMBER:
        error = parse_number(text, &number);
        if (!error && !in_range(spec, number))
            error = -EINVAL;
        if (!error)
            *VALUE(set, spec, double) = number;
        break;
    case OPTION_COUNT:
    case OPTION_SIZE:
    case OPTION_BITS:
    case OPTION_DURATION:
        error = spec->kind == OPTION_COUNT  ? parse_count(text, &whole)
                : spec->kind == OPTION_SIZE ? parse_size(text, &whole)
                : spec->kind == OPTION_BITS ? parse_bits(text, &whole)
                                            : parse_duration(text, &whole);
        number = spec->kind == OPTION_DURATION ? (double)whole / (double)NS_PER_SECOND : (double)whole;
        if (!error && !in_range(spec, number))
            error = -EINVAL;
        if (!error)
            *VALUE(set, spec, uint64_t) = whole;
        break;
    }
    return error ? refuse(spec, text, reason) : 0;
}

static void set_zero(const struct option_set *set, const struct option_spec *spec)
{
    switch (spec->kind) {
    case OPTION_FLAG:
        *VALUE(set, spec, bool) = false;
        break;
    case OPTION_TEXT:
    case OPTION_CHOICE:
        *VALUE(set, spec, const char *) = NULL;
        break;
    case OPTION_LIST:
        *VALUE(set, spec, struct option_list) = (struct option_list){0};
        break;
    case OPTION_NUMBER:
    case OPTION_PERCENT:
        *VALUE(set, spec, double) = 0;
        break;
    case OPTION_COUNT:
    case OPTION_SIZE:
    case OPTION_BITS:
    case OPTION_DURATION:
        *VALUE(set, spec, uint64_t) = 0;
        break;
    }
}

static int set_defaults(const struct option_set *sets, size_t set_count, struct reason *reason)
{
    for (size_t s = 0; s < set_count; s++)
        for (size_t i = 0; i < sets[s].count; i++)
            set_zero(&sets[s], &sets[s].specs[i]);
    for (size_t s = 0; s < set_count; s++) {
        for (size_t i = 0; i < sets[s].count; i++) {
            const struct option_spec *spec = &sets[s].specs[i];

            if (!spec->fallback)
                continue;
            int error = take(&sets[s], spec, spec->fallback, reason);

            if (error)
                return error;
        }
    }
    return 0;
}

/* getopt_long() takes one flat table; `owners` tells the set of each of its rows. */
static size_t flatten(const struct option_set *sets, size_t set_count, struct option *flat, size_t *owners,
                      const struct option_spec **specs)
{
    size_t rows = 0;

    for (size_t s = 0; s < set_count; s++) {
        for (size_t i = 0; i < sets[s].count; i++, rows++) {
            const struct option_spec *spec = &sets[s].specs[i];

            flat[rows] = (struct option){
                .name = spec->name,
                .has_arg = spec->kind == OPTION_FLAG ? no_argument : required_argument,
            };
            owners[rows] = s;
            specs[rows] = spec;
        }
    }
    return rows;
}

/* What is said to who gives an option that is none. */
static const char *hint(const struct option_set *sets, size_t set_count)
{
    for (size_t s = 0; s < set_count; s++)
        if (sets[s].absent)
            return sets[s].absent;
    return "--help lists them";
}

static int parse_flat(const struct option_set *sets, size_t set_count, struct option *flat, size_t *owners,
                      const struct option_spec **specs, int argc, char **argv, struct reason *reason)
{
    bool list_given[256] = {false};
    int row, answer;

    flatten(sets, set_count, flat, owners, specs);
    opterr = 0;
    optind = 0; /* glibc: start anew, also after an earlier parse */
    while (row = -1, (answer = getopt_long(argc, argv, ":", flat, &row)) != -1) {
        const char *word = optind > 0 && optind <= argc ? argv[optind - 1] : "";

        if (answer == ':')
            return reason_set(reason, EINVAL, "%s needs a value", word);
        if (answer == '?' && optopt)
            return reason_set(reason, EINVAL, "'-%c' is not an option here; --help lists them", optopt);
        if (answer == '?' && strncmp(word, "--", 2) == 0 && strchr(word, '='))
            return reason_set(reason, EINVAL, "'%.*s' is not an option here, or takes no value; %s",
                              (int)strcspn(word, "="), word, hint(sets, set_count));
        if (answer == '?')
            return reason_set(reason, EINVAL, "'%s' is not an option here; %s", word, hint(sets, set_count));
        const struct option_set *set = &sets[owners[row]];
        const struct option_spec *spec = specs[row];
        const char *given = optarg == word ? argv[optind - 2] : word;

        /* getopt_long() takes shortened names, which would make every new option a risk to scripts. */
        if (strcspn(given + 2, "=") != strlen(spec->name))
            return reason_set(reason, EINVAL, "'%s' is not an option here (--%s is); --help lists them",
                              given, spec->name);

        /* The first item given replaces a list's default. */
        if (spec->kind == OPTION_LIST && row < 256 && !list_given[row]) {
            struct option_list *list = VALUE(set, spec, struct option_list);

            list_given[row] = true;
            free((void *)list->items);
            *list = (struct option_list){0};
        }
        int error = take(set, spec, optarg, reason);

        if (error)
            return error;
    }
    return 0;
}

int options_parse(const struct option_set *sets, size_t set_count, int argc, char **argv,
                  char ***ret_operands, int *ret_operand_count, struct reason *reason)
{
    int error = set_defaults(sets, set_count, reason);
    size_t rows = 0;

    if (error)
        return error;
    for (size_t s = 0; s < set_count; s++)
        rows += sets[s].count;

    struct option *flat = calloc(rows + 1, sizeof(*flat));
    size_t *owners = calloc(rows + 1, sizeof(*owners));
    const struct option_spec **specs = calloc(rows + 1, sizeof(*specs));

    if (!flat || !owners || !specs)
        error = reason_set(reason, ENOMEM, "no memory for the options");
    else
        error = parse_flat(sets, set_count, flat, owners, specs, argc, argv, reason);
    free(flat);
    free(owners);
    free((void *)specs);
    if (error)
        return error;
    *ret_operands = argv + optind;
    *ret_operand_count = argc - optind;
    return 0;
}

void options_release(const struct option_set *sets, size_t set_count)
{
    for (size_t s = 0; s < set_count; s++) {
        for (size_t i = 0; i < sets[s].count; i++) {
            const struct option_spec *spec = &sets[s].specs[i];

            if (spec->kind != OPTION_LIST)
                continue;
            struct option_list *list = VALUE(&sets[s], spec, struct option_list);

            free((void *)list->items);
            *list = (struct option_list){0};
        }
    }
}

const char *options_peek_words(const char *name, size_t count, char *const *words)
{
    size_t length = strlen(name);
    const char *value = NULL;

    for (size_t i = 0; i < count; i++) {
        const char *word = words[i];

        if (strcmp(word, "--") == 0)
            break;
        if (strncmp(word, "--", 2) != 0 || strncmp(word + 2, name, length) != 0)
            continue;
        if (word[2 + length] == '=')
            value = word + 3 + length;
        else if (word[2 + length] == '\0' && i + 1 < count)
            value = words[++i];
    }
    return value;
}

const char *options_peek(const char *name, int argc, char *const *argv)
{
    return argc > 1 ? options_peek_words(name, (size_t)argc - 1, argv + 1) : NULL;
}

/* Continuation lines of a sentence start at this column, and lines end before HELP_WIDTH. */
enum { HELP_COLUMN = 32, HELP_WIDTH = 110 };

static void print_wrapped(const char *text, int column, FILE *to)
{
    int at = column;

    while (*text) {
        int word = (int)strcspn(text, " ");

        if (at > HELP_COLUMN && at + 1 + word > HELP_WIDTH) {
            fprintf(to, "\n%*s", HELP_COLUMN, "");
            at = HELP_COLUMN;
        }
        at += fprintf(to, "%s%.*s", at > HELP_COLUMN ? " " : "", word, text);
        text += word;
        text += strspn(text, " ");
    }
    fputc('\n', to);
}

void options_print_help(const struct option_set *sets, size_t set_count, FILE *to)
{
    for (size_t s = 0; s < set_count; s++) {
        if (sets[s].count == 0 && !sets[s].absent)
            continue;
        fprintf(to, "\n%s:\n", sets[s].title ? sets[s].title : "Options");
        if (sets[s].absent)
            fprintf(to, "  none: %s\n", sets[s].absent);
        for (size_t i = 0; i < sets[s].count; i++) {
            const struct option_spec *spec = &sets[s].specs[i];
            char sentence[1024];
            int at = fprintf(to, "  --%s%s%s", spec->name, spec->argument ? " " : "",
                             spec->argument ? spec->argument : "");

            if (at >= HELP_COLUMN) {
                fputc('\n', to);
                at = 0;
            }
            fprintf(to, "%*s", HELP_COLUMN - at, "");
            snprintf(sentence, sizeof(sentence), "%s%s%s%s%s", spec->help,
                     spec->kind == OPTION_LIST ? "; may be repeated" : "",
                     spec->fallback ? " (default: " : "", spec->fallback ? spec->fallback : "",
                     spec->fallback ? ")" : "");
            print_wrapped(sentence, HELP_COLUMN, to);
        }
    }
}
