/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Threads that make requests to a cloud, so that who waits for them need not block: jobs go in, and come out
 * done, in no order. Each thread has a client of HTTP and one of serial consoles of its own. All functions
 * are called from one thread, but for crew_job.run, which is the job's matter.
 */
#ifndef MVM_CLOUD_CREW_H
#define MVM_CLOUD_CREW_H

#include "cloud/cloud.h"
#include "cloud/websocket.h"

struct crew;

struct crew_job {
    /* In a thread of the crew; must look after its own end: crew_close() waits for it. */
    void (*run)(struct crew_job *job, struct cloud *cloud, struct http *http, struct websocket *websocket);
    struct crew_job *next; /* the crew's, from crew_submit() to crew_take() */
};

/* `cloud` outlives the crew. */
int crew_open(struct cloud *cloud, unsigned threads, struct crew **ret_crew, struct reason *reason);

/* Those that are under way or have not begun are done first: cloud_cancel() makes that quick. They are not
 * freed. NULL is fine. */
void crew_close(struct crew *crew);

/* Hands over a job, which stays where it is until crew_take() returns it. `first`: before those that wait. */
void crew_submit(struct crew *crew, struct crew_job *job, bool first);

/* A job that is done, or NULL. */
struct crew_job *crew_take(struct crew *crew);

/* Readable when crew_take() has something; becomes unreadable when it returns NULL. */
int crew_descriptor(const struct crew *crew);

#endif
