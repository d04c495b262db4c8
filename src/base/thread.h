/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Threads that help the one that starts them. */
#ifndef MVM_BASE_THREAD_H
#define MVM_BASE_THREAD_H

#include <pthread.h>

/* pthread_create() of a thread that no signal is delivered to: those are for the threads that the program has
 * for them. Returns 0 or an errno. */
int thread_start(pthread_t *ret_thread, void *(*work)(void *context), void *context);

#endif
