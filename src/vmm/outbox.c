/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm/outbox.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

int outbox_init(struct outbox *outbox, unsigned workers)
{
    pthread_condattr_t attributes;

    memset(outbox, 0, sizeof(*outbox));
    outbox->event = -1;
    outbox->end = &outbox->first;
    outbox->lanes = aligned_alloc(_Alignof(struct outbox_lane), workers * sizeof(struct outbox_lane));
    if (!outbox->lanes)
        return -ENOMEM;
    for (unsigned i = 0; i < workers; i++) {
        outbox->lanes[i] = (struct outbox_lane){.outbox = outbox};
        outbox->lanes[i].end = &outbox->lanes[i].first;
    }
    pthread_mutex_init(&outbox->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&outbox->filled, &attributes);
    pthread_condattr_destroy(&attributes);
    return 0;
}

void outbox_release(struct outbox *outbox)
{
    if (!outbox->lanes)
        return;
    if (outbox->event >= 0)
        close(outbox->event);
    pthread_cond_destroy(&outbox->filled);
    pthread_mutex_destroy(&outbox->lock);
    free(outbox->lanes);
}

int outbox_descriptor(struct outbox *outbox)
{
    pthread_mutex_lock(&outbox->lock);
    if (outbox->event < 0)
        outbox->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int event = outbox->event < 0 ? -errno : outbox->event;

    pthread_mutex_unlock(&outbox->lock);
    return event;
}

/* Under the lock: the eventfd that is to be written after it, or -1. */
static int note_signal(struct outbox *outbox)
{
    int event = outbox->signalled ? -1 : outbox->event;

    outbox->signalled = outbox->event >= 0;
    return event;
}

void outbox_signal(struct outbox *outbox)
{
    pthread_mutex_lock(&outbox->lock);
    int event = note_signal(outbox);

    pthread_mutex_unlock(&outbox->lock);
    if (event >= 0)
        eventfd_write(event, 1);
}

void outbox_clear(struct outbox *outbox)
{
    eventfd_t ignored;

    /* In this order: a signal that comes in between is seen by the look that follows; in the other one, it
     * could be read away while `signalled` stays and silences those after it. */
    if (outbox->event >= 0)
        eventfd_read(outbox->event, &ignored);
    pthread_mutex_lock(&outbox->lock);
    outbox->signalled = false;
    pthread_mutex_unlock(&outbox->lock);
}

size_t outbox_take(struct outbox *outbox, struct vmm_request **ret_requests, size_t room, uint64_t until_ns)
{
    size_t count = 0;

    pthread_mutex_lock(&outbox->lock);
    while (!outbox->first && clock_now_ns() < until_ns) {
        /* No wait is longer than this, so that a signal's flag is seen by the caller. */
        uint64_t latest = clock_now_ns() + 100 * NS_PER_MILLISECOND;
        uint64_t end = until_ns < latest ? until_ns : latest;
        const struct timespec until = {.tv_sec = (time_t)(end / NS_PER_SECOND),
                                       .tv_nsec = (long)(end % NS_PER_SECOND)};

        outbox->waited_for = true;
        int error = pthread_cond_timedwait(&outbox->filled, &outbox->lock, &until);

        outbox->waited_for = false;
        if (error == ETIMEDOUT)
            break;
    }
    while (outbox->first && count < room) {
        ret_requests[count++] = outbox->first;
        outbox->first = outbox->first->next;
    }
    if (!outbox->first)
        outbox->end = &outbox->first;
    pthread_mutex_unlock(&outbox->lock);
    return count;
}

void outbox_gather(struct vmm_request *request, unsigned worker, struct outbox_lane **full)
{
    struct outbox_lane *lane = &request->outbox->lanes[worker];

    if (!lane->first) {
        lane->next = *full;
        *full = lane;
    }
    request->next = NULL;
    *lane->end = request;
    lane->end = &request->next;
}

static void hand_over(struct outbox_lane *lane, bool wakes)
{
    struct outbox *outbox = lane->outbox;
    int event = -1;

    pthread_mutex_lock(&outbox->lock);
    if (!outbox->first && wakes)
        event = note_signal(outbox);
    bool wake = outbox->waited_for;

    *outbox->end = lane->first;
    outbox->end = lane->end;
    lane->first = NULL;
    lane->end = &lane->first;
    pthread_mutex_unlock(&outbox->lock);
    if (wake)
        pthread_cond_signal(&outbox->filled);
    if (event >= 0)
        eventfd_write(event, 1);
}

void outbox_hand_over(struct outbox_lane **full, const struct outbox *own)
{
    while (*full) {
        struct outbox_lane *lane = *full;

        *full = lane->next;
        hand_over(lane, lane->outbox != own);
    }
}
