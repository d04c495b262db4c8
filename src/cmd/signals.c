/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/signals.h"

#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>

static const int ending[] = {SIGINT, SIGTERM, SIGHUP};

enum { ENDING = sizeof(ending) / sizeof(ending[0]) };

static volatile sig_atomic_t noted;

static void note(int number)
{
    (void)number;
    noted = 1;
}

void signals_note(void)
{
    const struct sigaction action = {.sa_handler = note};

    for (size_t i = 0; i < ENDING; i++)
        sigaction(ending[i], &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

bool signals_noted(void *context)
{
    (void)context;
    return noted;
}

int signals_open(void)
{
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < ENDING; i++)
        sigaddset(&set, ending[i]);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC);
}
