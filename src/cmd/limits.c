/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mvm limits: populations grown until the host gives out, over a matrix of parameters. */
#include "report/limits.h"
#include "base/file.h"
#include "base/reason.h"
#include "cmd/cmd.h"
#include "cmd/command.h"
#include "cmd/limits_files.h"
#include "cmd/limits_row.h"
#include "cmd/signals.h"
#include "host/resource.h"
#include "host/survive.h"
#include "study/limits_matrix.h"
#include "study/limits_preset.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct matrix_options {
    struct option_list vary, rows;
    const char *preset, *order, *out, *resume;
    uint64_t repeats, seed;
    bool overwrite, json, quiet, help;
};

#define FIELD(name) offsetof(struct matrix_options, name)

static const char *const orders[] = {"given", "random", NULL};

static const struct option_spec specs[] = {
    {"vary", OPTION_LIST, "KEY=V1,V2,...",
     "a row for each value of the option KEY, of those below; given many times, for each combination; a "
     "comma in a "
     "value is written twice, and flags are on or off",
     FIELD(vary), .fallback = NULL},
    {"row", OPTION_LIST, "OPTIONS", "a row with these options, split as a shell splits them", FIELD(rows),
     .fallback = NULL},
    {"preset", OPTION_CHOICE, "NAME",
     "the rows of the 2013 study's Table I (table1) or II (table2), or the ladder from QEMU as it is sold to "
     "a VM that is "
     "data (ladder)",
     FIELD(preset), .fallback = NULL, .choices = limits_preset_names},
    {"repeats", OPTION_COUNT, "N", "how often each row is run", FIELD(repeats), .fallback = "1", .least = 1,
     .most = 1000},
    {"order", OPTION_CHOICE, "ORDER", "in which rows are run: given or random (by --seed)", FIELD(order),
     .fallback = "given", .choices = orders},
    {"seed", OPTION_COUNT, "N", "seed of every random choice", FIELD(seed), .fallback = "1"},
    {"out", OPTION_TEXT, "DIR",
     "the directory for limits.json, the tables, and a run directory for each row (default: one under "
     "mvm-results, "
     "named by time); rows that it holds already, of the same command, are not run again",
     FIELD(out), .fallback = NULL},
    {"resume", OPTION_TEXT, "DIR", "go on with the rows of DIR, without further options", FIELD(resume),
     .fallback = NULL},
    {"overwrite", OPTION_FLAG, NULL, "run all rows again, and replace what --out holds", FIELD(overwrite),
     .fallback = NULL},
    {"json", OPTION_FLAG, NULL, "print limits.json instead of tables", FIELD(json), .fallback = NULL},
    {"quiet", OPTION_FLAG, NULL, "show no progress", FIELD(quiet), .fallback = NULL},
    {"help", OPTION_FLAG, NULL, "print this help", FIELD(help), .fallback = NULL},
};

enum { SPEC_COUNT = sizeof(specs) / sizeof(specs[0]) };

static const struct option_set own_set = {.title = NULL, .specs = specs, .count = SPEC_COUNT};

struct session {
    struct matrix_options options;
    struct arguments own, base; /* the words of the matrix, and those that every row has */
    struct limits_matrix matrix;
    struct limits_preset *preset; /* NULL: none */
    struct parsed_row *rows;      /* of the matrix's cells */
    struct limits limits;
    struct watchdog watchdog;
    char directory[3000];
    bool single; /* one row, which has the directory to itself */
};

static int usage(const struct reason *reason)
{
    fprintf(stderr, "mvm limits: %s\n", reason->text);
    return EXIT_USAGE;
}

static const struct option_spec *own_spec(const char *word)
{
    size_t length = strcspn(word, "=");

    for (size_t i = 0; strncmp(word, "--", 2) == 0 && i < SPEC_COUNT; i++)
        if (strlen(specs[i].name) == length - 2 && strncmp(specs[i].name, word + 2, length - 2) == 0)
            return &specs[i];
    return NULL;
}

/* Which options a row takes depends on its engine, so the words of the matrix are taken out first. */
static int split_words(struct session *session, int argc, char **argv, struct reason *reason)
{
    arguments_add(&session->own, "limits");
    for (int i = 1; i < argc; i++) {
        const struct option_spec *spec = own_spec(argv[i]);

        arguments_add(spec ? &session->own : &session->base, argv[i]);
        if (spec && spec->kind != OPTION_FLAG && !strchr(argv[i], '=') && i + 1 < argc)
            arguments_add(&session->own, argv[++i]);
    }
    return arguments_whole(&session->own) && arguments_whole(&session->base)
               ? 0
               : reason_set(reason, ENOMEM, "no memory for the options");
}

static int parse_own(struct session *session, struct reason *reason)
{
    const struct option_set set = option_set_for(&own_set, &session->options);
    char **operands;
    int operand_count;

    return options_parse(&set, 1, (int)session->own.count, session->own.words, &operands, &operand_count,
                         reason);
}

/* The rows given in full: those of a preset, or of --row. */
static int gather_given(struct session *session, struct limits_given **ret_given, size_t *ret_count,
                        struct reason *reason)
{
    const struct matrix_options *options = &session->options;
    struct limits_given *given = calloc(options->rows.count + LIMITS_PRESET_ROWS, sizeof(*given));

    if (options->preset && options->rows.count > 0) {
        free(given);
        return reason_set(reason, EINVAL, "--preset and --row exclude each other");
    }
    if (options->preset)
        session->preset = malloc(sizeof(*session->preset));
    if (!given || (options->preset && !session->preset)) {
        free(given);
        return reason_set(reason, ENOMEM, "no memory for the rows");
    }
    for (size_t i = 0; i < options->rows.count; i++)
        given[i].words = options->rows.items[i];
    *ret_count = options->rows.count;
    if (session->preset) {
        limits_preset_make(session->preset, options->preset);
        memcpy(given, session->preset->rows, sizeof(session->preset->rows));
        *ret_count = session->preset->count;
        session->limits.ladder = session->preset->ladder;
    }
    *ret_given = given;
    return 0;
}

static int make_matrix(struct session *session, struct reason *reason)
{
    const struct matrix_options *options = &session->options;
    struct limits_given *given = NULL;
    size_t count = 0;
    int error = gather_given(session, &given, &count, reason);

    if (error)
        return error;
    error = limits_matrix_make(&session->matrix, &session->base, given, count, options->vary.items,
                               options->vary.count, (unsigned)options->repeats, reason);
    free(given);
    if (!error)
        error = limits_matrix_sha256(&session->matrix, session->limits.matrix);
    session->single = session->matrix.count == 1;
    return error;
}

/* What is wrong with a row, which is named where there are others. */
static int refuse_row(const struct session *session, const struct limits_cell *cell, int error,
                      const struct reason *why, struct reason *reason)
{
    return session->single ? reason_set(reason, -error, "%s", why->text)
                           : reason_set(reason, -error, "row '%s': %s", cell->label, why->text);
}

static int parse_rows(struct session *session, struct reason *reason)
{
    size_t count = session->matrix.count;
    struct limits *limits = &session->limits;

    session->rows = calloc(count, sizeof(*session->rows));
    limits->rows = calloc(count, sizeof(*limits->rows));
    if (!session->rows || !limits->rows)
        return reason_set(reason, ENOMEM, "no memory for the rows");
    for (size_t i = 0; i < count; i++) {
        const struct limits_cell *cell = &session->matrix.cells[i];
        struct limits_row *row = &limits->rows[i];
        struct reason why = {""};

        limits->count++;
        int error = row_parse(&session->rows[i], &cell->words, &why);

        if (error)
            return refuse_row(session, cell, error, &why, reason);
        snprintf(row->label, sizeof(row->label), "%s",
                 cell->label[0] ? cell->label : session->rows[i].engine->name);
        if (session->matrix.repeats > 1) {
            size_t used = strlen(row->label);

            snprintf(row->label + used, sizeof(row->label) - used, " (%u)", cell->repeat + 1);
        }
        snprintf(row->directory, sizeof(row->directory), "%s", session->single ? "." : cell->name);
        row->number = cell->row;
        row->repeat = cell->repeat;
        row->study = cell->study ? limits_study_find(cell->study) : NULL;
        row_describe(&session->rows[i], row);
        error =
            cell->absent ? reason_set(&why, ENOENT, "%s", cell->absent) : row_probe(&session->rows[i], &why);
        if (error == -EINVAL || (error && session->single))
            return refuse_row(session, cell, error, &why, reason);
        if (error) {
            row->state = LIMITS_CANNOT_RUN;
            snprintf(row->reason, sizeof(row->reason), "%s", why.text);
        }
    }
    return 0;
}

static int choose_directory(struct session *session, struct reason *reason)
{
    const struct matrix_options *options = &session->options;
    char stamp[32], matrix[SHA256_TEXT_ROOM], result[3100], **words;
    const char *out = options->resume ? options->resume : options->out;
    time_t now = time(NULL);
    struct tm utc;

    if (out && (!*out || strlen(out) >= sizeof(session->directory)))
        return reason_set(reason, EINVAL, "--out takes the name of a directory, not '%.100s'", out);
    strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", gmtime_r(&now, &utc));
    if (out)
        snprintf(session->directory, sizeof(session->directory), "%s", out);
    else
        snprintf(session->directory, sizeof(session->directory), "mvm-results/%s-limits", stamp);
    if (options->overwrite)
        return 0;
    int error = limits_read_identity(session->directory, matrix, &words, reason);

    if (error == -ENOENT || error == -ENOTDIR) {
        snprintf(result, sizeof(result), "%s/result.json", session->directory);
        return access(result, F_OK) < 0
                   ? 0
                   : reason_set(reason, EEXIST,
                                "%s holds a result already; name another directory, or say --overwrite",
                                session->directory);
    }
    if (error)
        return error;
    free(words);
    if (strcmp(matrix, session->limits.matrix) != 0)
        return reason_set(reason, EEXIST,
                          "%s holds the rows of another command; name another directory, or say --overwrite",
                          session->directory);
    return 0;
}

static void row_directory(const struct session *session, size_t at, char *ret_path, size_t room)
{
    const char *name = session->limits.rows[at].directory;

    if (strcmp(name, ".") == 0)
        snprintf(ret_path, room, "%s", session->directory);
    else
        snprintf(ret_path, room, "%s/%s", session->directory, name);
}

/* Rows that came to their end in an earlier run are taken from there. */
static void take_whole_rows(struct session *session)
{
    for (size_t i = 0; i < session->limits.count && !session->options.overwrite; i++) {
        struct limits_row *row = &session->limits.rows[i];
        char path[4096];

        row_directory(session, i, path, sizeof(path));
        if (row->state == LIMITS_CANNOT_RUN || result_read(&row->result, path, NULL) < 0)
            continue;
        if (strcmp(row->result.method, LIMITS_METHOD) == 0 && row->result.ended_at > 0 &&
            row->result.interval_count > 0 && row->result.stopped_by != STOP_INTERRUPT)
            row->state = LIMITS_DONE;
        else
            result_release(&row->result);
    }
}

static void announce(const struct session *session, size_t at, size_t run)
{
    if (!session->options.quiet && !session->single)
        fprintf(stderr, "row %zu of %zu: %s\n", run + 1, session->limits.count,
                session->limits.rows[at].label);
}

static int run_rows(struct session *session, struct reason *reason)
{
    size_t *order = calloc(session->limits.count, sizeof(*order));
    int error = order ? 0 : reason_set(reason, ENOMEM, "no memory for the rows");

    if (!error)
        limits_order(order, session->limits.count, session->limits.random_order, session->options.seed);
    for (size_t i = 0; !error && i < session->limits.count && !signals_noted(NULL); i++) {
        struct limits_row *row = &session->limits.rows[order[i]];
        char path[4096];

        if (row->state != LIMITS_NOT_YET)
            continue;
        row_directory(session, order[i], path, sizeof(path));
        const struct row_run run = {
            .row = &session->rows[order[i]],
            .cell = &session->matrix.cells[order[i]],
            .directory = path,
            .seed = session->options.seed + order[i],
            .quiet = session->options.quiet,
            .watchdog = &session->watchdog,
            .interrupted = signals_noted,
        };

        announce(session, order[i], i);
        error = row_run(&run, row);
        if (!error || error == -ECANCELED)
            error = limits_files_write(&session->limits, session->directory, reason);
    }
    free(order);
    return error;
}

static uint64_t watchdog_floor(const struct session *session)
{
    struct host_limits limits;
    uint64_t floor = host_limits_read(&limits, "", NULL) < 0 ? 256 << 20 : host_memory_floor(&limits);

    for (size_t i = 0; i < session->limits.count; i++)
        if (session->rows[i].options.memory_floor > 0 && session->rows[i].options.memory_floor < floor)
            floor = session->rows[i].options.memory_floor;
    return floor / 2;
}

static int run_all(struct session *session, struct reason *reason)
{
    int adjustment;

    signals_note();
    int error = directory_make(session->directory, reason);

    if (error)
        return error;
    take_whole_rows(session);
    host_protect_self(&adjustment, NULL);
    const struct watchdog_settings settings = {.memory_floor_bytes = watchdog_floor(session), .root = ""};

    error = watchdog_start(&session->watchdog, &settings, reason);
    if (error)
        return error;
    session->limits.watchdog_locked = session->watchdog.board->locked;
    session->limits.watchdog_oom_score_adj = session->watchdog.board->oom_score_adj;
    error = limits_files_write(&session->limits, session->directory, reason);
    if (!error)
        error = run_rows(session, reason);
    watchdog_stop(&session->watchdog);
    return error;
}

static int print_outcome(const struct session *session)
{
    bool done = false, failed = false;
    struct reason reason;

    if (session->options.json) {
        if (limits_files_print(&session->limits, &reason) < 0) {
            fprintf(stderr, "mvm limits: %s\n", reason.text);
            failed = true;
        }
    } else {
        report_limits_text(&session->limits, stdout);
        limits_files_name(session->directory, stdout);
    }
    for (size_t i = 0; i < session->limits.count; i++) {
        const struct limits_row *row = &session->limits.rows[i];

        done = done || row->state == LIMITS_DONE;
        failed = failed || row->state == LIMITS_FAILED || row->state == LIMITS_NOT_YET ||
                 (row->state == LIMITS_DONE && row->result.stopped_by == STOP_INTERRUPT);
    }
    return done && !failed ? EXIT_DONE : EXIT_FAILED;
}

static void print_help(const struct session *session)
{
    const char *name = options_peek_words("engine", session->base.count, session->base.words);
    const struct engine *engine = engine_find(name ? name : "qemu");
    struct option_set sets[1 + ROW_SETS] = {own_set};
    struct parsed_row row = {0};

    row_option_sets(&row, engine ? engine : engine_find("qemu"), sets + 1);
    command_print_help(&cmd_limits, sets, 1 + ROW_SETS, stdout);
}

static void release(struct session *session)
{
    const struct option_set set = option_set_for(&own_set, &session->options);

    for (size_t i = 0; session->rows && i < session->limits.count; i++)
        row_release(&session->rows[i]);
    free(session->rows);
    free(session->preset);
    limits_release(&session->limits);
    limits_matrix_release(&session->matrix);
    options_release(&set, 1);
    arguments_release(&session->own);
    arguments_release(&session->base);
}

static int run_with(struct session *session, char **words, struct reason *reason)
{
    int error;

    session->limits.words = words;
    session->limits.repeats = (unsigned)session->options.repeats;
    session->limits.seed = session->options.seed;
    session->limits.random_order = strcmp(session->options.order, "random") == 0;
    error = make_matrix(session, reason);
    if (!error)
        error = parse_rows(session, reason);
    if (!error)
        error = choose_directory(session, reason);
    if (error)
        return usage(reason);
    error = run_all(session, reason);
    if (error)
        fprintf(stderr, "mvm limits: %s\n", reason->text);
    int status = print_outcome(session);

    return error ? EXIT_FAILED : status;
}

static int begin(struct session *session, int argc, char **argv, struct reason *reason)
{
    int error = split_words(session, argc, argv, reason);

    return error ? error : parse_own(session, reason);
}

/* Begins anew with the words of the command whose rows the directory holds. `*ret_stored` is to be freed
 * after the session's end. */
static int resume(struct session *session, int *argc, char ***argv, char ***ret_stored, struct reason *reason)
{
    char matrix[SHA256_TEXT_ROOM];
    const char *directory = (*argv)[1] + (strchr((*argv)[1], '=') ? sizeof("--resume=") - 1 : 0);

    if (*argc > 2)
        directory = (*argv)[2];
    if (*argc > 3 || (*argc == 3 && strchr((*argv)[1], '=')))
        return reason_set(reason, EINVAL,
                          "--resume takes the options from the directory, so it stands alone");
    int error = limits_read_identity(directory, matrix, ret_stored, reason);

    if (error)
        return error;
    release(session);
    *session = (struct session){.options = {.help = false}};
    *argv = *ret_stored;
    for (*argc = 0; (*argv)[*argc];)
        (*argc)++;
    error = begin(session, *argc, *argv, reason);
    session->options.resume = directory;
    return error;
}

static int limits_main(int argc, char **argv)
{
    struct session session = {.options = {.help = false}};
    struct reason reason = {""};
    char **stored = NULL;
    int status, error = begin(&session, argc, argv, &reason);

    if (!error && session.options.resume)
        error = resume(&session, &argc, &argv, &stored, &reason);
    if (error)
        status = usage(&reason);
    else if (session.options.help)
        print_help(&session), status = EXIT_DONE;
    else
        status = run_with(&session, argv, &reason);
    free(stored);
    release(&session);
    return status;
}

const struct command cmd_limits = {
    .name = "limits",
    .summary = "grow until the host gives out, over a matrix of parameters",
    .usage = (const char *const[]){"[OPTIONS]", NULL},
    .text = "Starts VMs until the host, or its share, is exhausted: growth fails, VMs stop answering, or the "
            "host no longer "
            "responds. Then ends them, checks that the host came back, and goes to the next row. The method: "
            "docs/limits.md.",
    .more = "Each row runs in a process of its own beside a watchdog, which ends it when the host is held "
            "up. Rows come from "
            "--vary (every combination of the values), --row or --preset. A matrix that was interrupted goes "
            "on with the same "
            "command, or with --resume.",
    .options = (const struct option_set *const[]){&own_set, &row_option_set, &guest_setting_set_but_rate,
                                                  &row_disk_option_set, NULL},
    .engine = "qemu",
    .statuses = (const struct command_status[]){{0, "every row that can run here was run"},
                                                {1, "a row failed, or the rows were interrupted"},
                                                {2, "bad usage"},
                                                {0}},
    .examples =
        (const struct command_example[]){
            {"mvm limits --memory-limit 2G --vary guest=tick,sleep --vary architecture=i386,x86_64 --out L",
             "Four rows: two guests on two architectures"},
            {"mvm limits --preset table1 --memory-limit 2G --out T1", "The rows of the 2013 study's Table I"},
            {"mvm limits --row '--engine qemu' --row '--engine vmm' --rate max --memory-limit 1G",
             "Two rows that are given whole"},
            {0}},
    .files =
        "limits.json and the tables as text, Markdown and LaTeX, a picture, and a run directory for each row "
        "(docs/result-format.md).",
    .see = "scale lab report",
    .json = "limits",
    .operands = OPERANDS_NONE,
    .run = limits_main,
};
