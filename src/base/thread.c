/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/thread.h"

#include <signal.h>

int thread_start(pthread_t *ret_thread, void *(*work)(void *context), void *context)
{
    sigset_t all, before;

    /* It begins with the mask of its maker. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int error = pthread_create(ret_thread, NULL, work, context);

    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}
