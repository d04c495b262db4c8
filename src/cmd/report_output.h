/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `mvm report` writes: one file, in one of several formats. */
#ifndef MVM_CMD_REPORT_OUTPUT_H
#define MVM_CMD_REPORT_OUTPUT_H

#include "cmd/report_inputs.h"

struct reason;

/* Formats by the words of --format, and their ending of file names; NULL-terminated. */
extern const char *const report_formats[];

enum report_subject { REPORT_RESOURCES, REPORT_QOS, REPORT_MEMORY, REPORT_HOSTS };

/* The option that chooses it, without the dashes; "resources" for the one that is chosen without. It is also
 * the name of its file. */
const char *report_subject_name(enum report_subject subject);

struct report_output {
    const char *format; /* one of report_formats */
    enum report_subject subject;
    const char *out; /* as given; NULL: the place that report_output_place() chooses */
    char place[4096];
    bool printed; /* to standard output, and no file */
};

/* The format that the ending of `out` tells, else svg. */
const char *report_format_of(const char *out);

/* Whether this program has been built with the format; tells what to do where it has not. -ENOTSUP. */
int report_format_check(const char *format, struct reason *reason);

/* Chooses `place`: `out`, or in the directory of the only operand, or here. A table without `out` is printed.
 */
int report_output_place(struct report_output *output, char *const *paths, size_t count,
                        struct reason *reason);

/* Makes the bytes and puts them where they belong. -ENODATA: what is to be drawn is not in a run. */
int report_output_write(const struct report_output *output, const struct report_inputs *inputs,
                        struct reason *reason);

#endif
