/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What `mvm limits` found: rows, each with the result of a run of its own (result/result.h) or the reason why
 * there is none. Written as limits.json (schema "mvm-limits/1", docs/result-format.md); tables and pictures
 * are made from this alone.
 */
#ifndef MVM_RESULT_LIMITS_H
#define MVM_RESULT_LIMITS_H

#include "base/reason.h"
#include "result/result.h"

#define LIMITS_SCHEMA "mvm-limits/1"

enum limits_state {
    LIMITS_NOT_YET,
    LIMITS_DONE,       /* there is a result that came to its end */
    LIMITS_CANNOT_RUN, /* not on this host */
    LIMITS_FAILED      /* it began, and nothing could be measured */
};

/* A row of the 2013 study's Tables I and II (data/study-2013-tables.csv). */
struct limits_study {
    const char *name; /* "I.1": table and line */
    bool power_saving, sleep, kvm;
    const char *architecture;
    double vms, cpu_percent, ram_percent, swap_percent, size_kb, minutes, seconds_per_vm;
};

/* The row of that name, or NULL. */
const struct limits_study *limits_study_find(const char *name);
/* All of them, `*ret_count`, in their order. */
const struct limits_study *limits_study_rows(size_t *ret_count);
/* Memory of the host of the study in bytes. */
extern const double limits_study_memory_bytes;

/* Figures that tables and limits.json have beside those of the result itself. */
struct limits_figures {
    uint64_t vms, asked, alive;
    double cpu_percent, ram_percent,
        swap_percent; /* at the last interval, of host or share, by the own account where there is one; swap
                         of the host's, 0 without */
    double
        size_bytes; /* memory taken at the last interval by its VMs; by the own account where there is one */
    double bytes_per_vm; /* slope; by the process's own account where VMs live in it; NAN when not known */
    double bytes_low, bytes_high;
    double cpu_per_10000; /* percent of the host that 10,000 VMs take, by the slope; NAN when not known */
    double grow_minutes;  /* in which VMs were being started */
    double boots_per_second, seconds_per_vm;
    double psi_cpu_some, psi_memory_full; /* percent of the time, the most of any interval */
    double wake_seconds;                  /* median of challenges one at a time; NAN when not known */
    double left_percent; /* memory that did not come back, of what the empty host had available; at least 0 */
};

struct limits_row {
    char label[RESULT_TEXT];
    char directory[RESULT_TEXT]; /* with its result.json, under that of the matrix; "." for the only row */
    size_t number;               /* rows with the same one are repeats of each other; from 0 */
    unsigned repeat;
    const struct limits_study *study; /* the row of the study that it repeats, or NULL */
    enum limits_state state;
    char reason[REASON_ROOM]; /* of CANNOT_RUN and FAILED */
    /* The study's columns. */
    int sleep;             /* 1: the guest stops its timer and sleeps; 0: its timer runs; -1: another guest */
    bool kvm;              /* guests' instructions run on KVM */
    char architecture[32]; /* "i386"; "" when not known */
    struct result result;  /* of DONE */
    /* Read from a limits.json beside which the row's own files are not: of the result there is then only what
     * the tables show, and these are the figures. */
    bool recorded;
    struct limits_figures figures;
};

struct limits {
    struct limits_row *rows;
    size_t count;
    unsigned repeats;
    char *const *words;            /* the command line behind `mvm limits`, NULL-terminated; the caller's */
    char **owned_words;            /* the same block when limits_read() made it; else NULL */
    char matrix[SHA256_TEXT_ROOM]; /* tells the rows apart from those of another command */
    bool random_order;
    uint64_t seed;
    bool ladder; /* the view is that of the ladder */
    bool watchdog_locked;
    int watchdog_oom_score_adj;
};

void limits_release(struct limits *limits);

/* Percent of the empty host's memory that may stay when a row is over: more is told. */
enum { LIMITS_LEFT_MOST = 2 };

/* Of a row that is DONE. */
void limits_row_figures(const struct limits_row *row, struct limits_figures *ret_figures);

/* Over the repeats of a row that are DONE: mean and standard deviation (`ci95` is not used); n is less where
 * a figure is not known of all. */
struct limits_repeats {
    const struct limits_row *first;
    unsigned count;
    struct statistic vms, bytes_per_vm, cpu_per_10000, boots_per_second, wake_seconds;
};

/* Of the row with this number; false when fewer than two repeats are DONE. */
bool limits_repeats(const struct limits *limits, size_t number, struct limits_repeats *ret_repeats);

/* Writes limits.json into the directory, atomically. */
int limits_write(const struct limits *limits, const char *directory, struct reason *reason);

/* The same as text, malloc'd. -ENOMEM. */
int limits_to_text(const struct limits *limits, char **ret_text, size_t *ret_length);

/*
 * Reads `directory`/limits.json, and the result of each row that is done where its files are there; of the
 * others the figures that limits.json holds. -ENOENT: there is no limits.json. A file that is not whole, of
 * another schema or with a value of the wrong type is refused with a sentence that says where; so is a row's
 * result that is damaged, and a row's directory outside of `directory`. limits_release() frees it.
 */
int limits_read(struct limits *ret_limits, const char *directory, struct reason *reason);

/* What of limits.json says whose it is: `ret_matrix` (SHA256_TEXT_ROOM), and the words of its command line,
 * malloc'd as one block, NULL-terminated. -ENOENT: there is none. */
int limits_read_identity(const char *directory, char *ret_matrix, char ***ret_words, struct reason *reason);

/* Why the first row of limits.json has no result; "" when it has one or there is no such file. */
void limits_read_reason(const char *directory, struct reason *ret_reason);

#endif
