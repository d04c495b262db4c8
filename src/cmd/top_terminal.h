/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The terminal that `mvm top` draws on, by ncurses. There is one. */
#ifndef MVM_CMD_TOP_TERMINAL_H
#define MVM_CMD_TOP_TERMINAL_H

#include "cmd/top_grid.h"

struct reason;

enum top_key {
    TOP_KEY_NONE,
    TOP_KEY_OTHER, /* one that means nothing */
    TOP_KEY_RESIZE,
    TOP_KEY_QUIT,
    TOP_KEY_PAUSE,
    TOP_KEY_OFTEN,
    TOP_KEY_SELDOM,
    TOP_KEY_HELP,
    TOP_KEY_NEXT,
    TOP_KEY_ESCAPE,
    TOP_KEY_UP,
    TOP_KEY_DOWN,
    TOP_KEY_LEFT,
    TOP_KEY_RIGHT,
};

/* Takes the terminal on standard input and output: full screen, no echo. Without colours when it has none or
 * NO_COLOR is set (no-color.org). -ENOTTY: there is none; -ENOENT: nobody knows its type; with a sentence. */
int top_terminal_begin(struct reason *reason);

/* Sets it back to what it was. Fine when it was not taken. */
void top_terminal_end(void);

void top_terminal_size(unsigned *ret_columns, unsigned *ret_rows);

/* Draws what has changed. */
void top_terminal_show(const struct top_grid *grid);

/* The next key that was pressed; TOP_KEY_NONE: none was. */
enum top_key top_terminal_key(void);

#endif
