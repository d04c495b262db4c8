/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Inside of the engine libvirt. A population has three kinds of threads: the population's own, which has the
 * VMs (processes.h); workers, which make and end domains, since libvirt's calls wait until that is done; and
 * one that runs libvirt's event loop. They meet in two queues, of jobs to the workers and of news from all.
 */
#ifndef MVM_ENGINE_LIBVIRT_POPULATION_H
#define MVM_ENGINE_LIBVIRT_POPULATION_H

#include "base/reason.h"
#include "engine/libvirt_image.h"
#include "engine/libvirt_xml.h"

#include <pthread.h>

/* More calls at a time than this gain nothing: a daemon has twenty workers, and starting a VM is bound by
 * CPU. A daemon works at five calls of a connection at a time (max_client_requests), so workers share some.
 */
enum { LIBVIRT_WORKERS_MOST = 16, LIBVIRT_CONNECTION_WORKERS = 4 };

enum libvirt_job_kind { LIBVIRT_MAKE, LIBVIRT_END, LIBVIRT_REMOVE_IMAGE };

struct libvirt_job {
    struct libvirt_job *next;
    enum libvirt_job_kind kind;
    uint64_t vm;
    char serial_path[SERIAL_PATH_ROOM];
    int serial; /* of a VM whose serial port is a stream: the end of its socket that is the job's; else -1 */
};

enum libvirt_news_kind {
    LIBVIRT_MADE,    /* the domain runs */
    LIBVIRT_REFUSED, /* it could not be made */
    LIBVIRT_STOPPED, /* it ran, and does no more */
    LIBVIRT_CUT,     /* its serial port's stream has ended, and nothing was told of its own end */
    LIBVIRT_LOST,    /* the connection to libvirt is lost */
};

struct libvirt_news {
    struct libvirt_news *next;
    enum libvirt_news_kind kind;
    uint64_t vm;
    char why[REASON_ROOM];
};

struct libvirt_streams;

struct libvirt_population {
    const struct engine_setup *setup;
    const struct libvirt_options *options;
    struct libvirt_maker maker;
    char *template;
    char image_path[LIBVIRT_IMAGE_PATH_ROOM]; /* on the host that runs VMs */
    char image_name[LIBVIRT_IMAGE_NAME_ROOM]; /* of the volume that was brought there; "" when none was */
    struct engine_host host;                  /* where VMs are, when that is another one */
    bool others;                              /* VMs run as another user than this process */
    uid_t vm_user;

    /* The first one has the events and nothing else; it is looked at for whether the daemon answers. libvirt
     * 9.0 does not bring a thread back, and may crash, that waits on a connection when that is found out. */
    virConnectPtr *connections;
    size_t connection_count;
    int callback;                    /* -1: none */
    struct libvirt_streams *streams; /* of the last connection; NULL: VMs' serial ports are sockets */
    struct libvirt_population *next_listener; /* libvirt_events.c's */

    pthread_t *workers, loop;
    size_t workers_running;
    bool loop_runs;

    pthread_mutex_t lock; /* of what follows, up to the next comment */
    pthread_cond_t changed;
    struct libvirt_job *jobs, **jobs_end;
    struct libvirt_news *news, **news_end;
    size_t busy;       /* workers with a job */
    uint64_t finished; /* jobs */
    bool stopping;
    bool loop_ends;
    bool image_there;           /* the volume is to be removed */
    struct reason image_reason; /* why it could not be */

    /* The population's thread's. */
    int wake;      /* eventfd: there is news */
    uint8_t *made; /* of each VM, whether there is a domain; `made_room` of them */
    size_t made_room;
    bool lost;  /* the connection */
    bool stuck; /* workers wait for a daemon that has stopped answering, which they cannot be called back
                   from: they and this struct stay until the process ends */
    bool ended; /* all VMs, as far as that could be */
    char lost_why[REASON_ROOM];
};

/* The workers. libvirt_workers_open() starts them, and connects for them; libvirt_workers_close() drops the
 * jobs that nobody has begun and returns when those under way are done. */
int libvirt_workers_open(struct libvirt_population *population, uint64_t wanted, struct reason *reason);
void libvirt_workers_close(struct libvirt_population *population);

/* Queues a job, which takes over `serial`, also in failure. -ENOMEM. */
int libvirt_work(struct libvirt_population *population, enum libvirt_job_kind kind, uint64_t vm,
                 const char *serial_path, int serial);
/* Returns true when there is no job left; false when none of them was finished for so long, since the daemon
 * answers no more. */
bool libvirt_work_wait(struct libvirt_population *population, uint64_t patience_ns);
/* Drops the jobs that nobody has begun. */
void libvirt_work_drop(struct libvirt_population *population);

/* Removes the image from the daemon's host, when it was brought there, on this thread. */
void libvirt_remove_image(struct libvirt_population *population, virConnectPtr connection);

/* Ends the domain of VM `vm`, on this thread; one that is not there is success. */
int libvirt_end_domain(virConnectPtr connection, const struct libvirt_maker *maker, uint64_t vm,
                       struct reason *reason);

/* Tells the population's thread; from any thread. */
void libvirt_tell(struct libvirt_population *population, enum libvirt_news_kind kind, uint64_t vm,
                  const char *why);

/* libvirt's events: the loop's thread, and what is to be told of the first connection. */
int libvirt_events_open(struct libvirt_population *population, struct reason *reason);
void libvirt_events_close(struct libvirt_population *population);

/* What processes.h wants of a population whose VMs are made by somebody else. */
extern const struct process_outside libvirt_outside;

/* Whether that user may enter a directory; -EACCES, with a sentence that names the folder on the way to it
 * that does not let them in. */
int libvirt_reach(const char *directory, uid_t user, struct reason *reason);

/* See struct engine. */
int libvirt_sweep(const void *options, const char *run_name, char *ret_words, size_t room,
                  struct reason *reason);
int libvirt_clear(struct population *population, struct reason *reason);

#endif
