/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The progress of long work, on standard error: one line rewritten in place on a terminal, plain lines
 * elsewhere. */
#ifndef MVM_CMD_PROGRESS_H
#define MVM_CMD_PROGRESS_H

#include "study/scale.h"

struct progress_line {
    bool terminal;
    bool quiet;
    bool shown;               /* a line stands on the terminal */
    uint64_t next_ns;         /* not before */
    size_t intervals_printed; /* elsewhere than on a terminal */
    int last_phase;
};

void progress_begin(struct progress_line *line, bool quiet);
/* Of `mvm scale`. */
void progress_show(struct progress_line *line, const struct scale_progress *progress);

/* One line of text: rewritten on a terminal at most five times a second, elsewhere printed every ten seconds.
 */
void progress_text(struct progress_line *line, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Takes the line off the terminal, so that other text can follow. */
void progress_end(struct progress_line *line);

#endif
