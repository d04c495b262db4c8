/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The user's terminal in raw mode, and back to what it was, whatever ends this process. */
#ifndef MVM_CMD_TERMINAL_H
#define MVM_CMD_TERMINAL_H

#include <stdbool.h>
#include <sys/types.h>
#include <termios.h>

struct terminal {
    int fd; /* -1: nothing was changed */
    struct termios before;
    bool screen;  /* the alternate screen is shown */
    pid_t keeper; /* a process that sets the terminal back when this one is killed */
    int life;     /* its pipe */
};

/* Puts the terminal `fd` into raw mode; with `screen` the terminal on standard output shows its alternate
 * screen. */
void terminal_take(struct terminal *terminal, int fd, bool screen);

/* Sets all back; once is enough. */
void terminal_give_back(struct terminal *terminal);

/* The size of the terminal on standard output; 80 x 25 when it does not say. */
void terminal_size(unsigned *ret_columns, unsigned *ret_rows);

#endif
