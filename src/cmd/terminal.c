/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Colours off, cursor shown, the former screen (XTerm Control Sequences). */
static const char reset_screen[] = "\033[0m\033[?25h\033[?1049l";

static void set_back(const struct terminal *terminal)
{
    if (terminal->screen && write(STDOUT_FILENO, reset_screen, sizeof(reset_screen) - 1) < 0) {
        /* The terminal has gone. */
    }
    while (tcsetattr(terminal->fd, TCSADRAIN, &terminal->before) < 0 && errno == EINTR)
        ;
}

/* Waits for a byte, which says that all is in order, or for the end of the other process. */
static _Noreturn void keep_terminal(const struct terminal *terminal, int life)
{
    char byte;
    ssize_t got;

    /* Out of reach of the keyboard's signals, and of the terminal's for who is in the background. */
    setsid();
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_IGN);
    while ((got = read(life, &byte, 1)) < 0 && errno == EINTR)
        ;
    if (got == 0)
        set_back(terminal);
    _exit(0);
}

void terminal_take(struct terminal *terminal, int fd, bool screen)
{
    int life[2];

    *terminal = (struct terminal){.fd = -1, .keeper = -1, .life = -1};
    if (tcgetattr(fd, &terminal->before) < 0)
        return;
    terminal->fd = fd;
    terminal->screen = screen;
    if (pipe2(life, O_CLOEXEC) == 0) {
        fflush(stdout);
        terminal->keeper = fork();
        if (terminal->keeper == 0) {
            close(life[1]);
            keep_terminal(terminal, life[0]);
        }
        close(life[0]);
        terminal->life = life[1];
    }
    struct termios raw = terminal->before;

    cfmakeraw(&raw);
    while (tcsetattr(fd, TCSADRAIN, &raw) < 0 && errno == EINTR)
        ;
    if (screen) {
        fputs("\033[?1049h", stdout);
        fflush(stdout);
    }
}

void terminal_give_back(struct terminal *terminal)
{
    if (terminal->fd < 0)
        return;
    set_back(terminal);
    if (terminal->life >= 0) {
        if (write(terminal->life, "q", 1) < 0) {
            /* It has gone, and there is nothing left to do for it. */
        }
        close(terminal->life);
    }
    if (terminal->keeper > 0)
        while (waitpid(terminal->keeper, NULL, 0) < 0 && errno == EINTR)
            ;
    terminal->fd = -1;
}

void terminal_size(unsigned *ret_columns, unsigned *ret_rows)
{
    struct winsize size = {0};

    *ret_columns = 80;
    *ret_rows = 25;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
        *ret_columns = size.ws_col;
        *ret_rows = size.ws_row;
    }
}
