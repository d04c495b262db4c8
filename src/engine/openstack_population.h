/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files openstack*.c share: the population, and the jobs that its crew does for it. */
#ifndef MVM_ENGINE_OPENSTACK_POPULATION_H
#define MVM_ENGINE_OPENSTACK_POPULATION_H

#include "base/reason.h"
#include "cloud/consoles.h"
#include "cloud/crew.h"
#include "cloud/glance.h"
#include "cloud/hosts.h"
#include "cloud/nova.h"
#include "engine/engine.h"
#include "guest/challenge.h"
#include "host/process_mark.h"

struct openstack_options {
    const char *cloud, *flavor, *serial;
    uint64_t batch, parallel, boot_timeout_ns, patience_ns;
};

enum server_state { SERVER_BOOTING, SERVER_RUNNING, SERVER_FAILED, SERVER_DIED };

struct server {
    char id[NOVA_ID_ROOM]; /* the first member: the key of the tree */
    uint64_t vm, batch;
    enum server_state state;
    bool active;  /* Nova says so; the guest may still be booting */
    bool looking; /* at the log of its console, just now */
    uint64_t started_ns, look_ns, look_pause_ns;
    struct engine_ask *ask;  /* under way; NULL for none */
    bool late;               /* what comes next may be the answer to an ask that has ended */
    struct console *console; /* NULL: not open. While it is, there is no ask */
    uint64_t console_number;
    char host[CLOUD_HOST_NAME_ROOM];
    char *why; /* it failed or died */
};

struct openstack {
    struct population population;
    const struct engine_setup *setup;
    const struct openstack_options *options;
    char run[65];
    char process[PROCESS_MARK_ROOM];
    uint64_t part; /* which population of the run this is, where there are several */
    bool begun;    /* no other run has this name, so what has it from now on is this one's */
    struct cloud *cloud;
    struct crew *crew;
    uint64_t jobs;             /* in the crew's hands */
    struct consoles *consoles; /* NULL: none has been opened yet */
    uint64_t consoles_opened;
    int timer;  /* a timerfd: the next list is due */
    int events; /* an epoll descriptor of it, of the crew's and of the consoles' */
    char image_id[GLANCE_ID_ROOM], flavor_id[NOVA_ID_ROOM];

    struct server **servers; /* by number; counts.started of them */
    size_t room;
    void *by_id; /* a tree of tsearch() */
    struct server **booting;
    size_t booting_room;
    struct engine_counts counts;
    char last_failure[REASON_ROOM];

    double *boot_seconds; /* not yet taken */
    size_t boot_count, boot_taken, boot_room;

    bool listing;        /* a list is under way */
    bool list_again;     /* and another one is due after it */
    uint64_t lists;      /* that came */
    int64_t listed_date; /* Nova's clock at the latest; 0: none has come */
    int64_t batch_date;  /* the same when the latest batch was asked for */
    uint64_t next_list_ns, list_pause_ns;
    int list_error; /* of the latest */
    struct reason list_reason;

    uint64_t batches, batch_started_ns; /* asked for; when the latest was */
    uint64_t arrived;                   /* servers of the latest batch that are known */

    bool asking_hosts; /* what its hosts have given away is asked for */
    int hosts_error;   /* of the latest such request; its hosts until they are fetched */
    struct reason hosts_reason;
    struct cloud_host *hosts;
    size_t host_count;

    bool no_consoles; /* the cloud has said that it has no serial consoles */
    struct reason no_consoles_reason;
    struct engine_ask *finished, **finished_end;
    uint64_t asks_under_way;
};

enum openstack_job_kind {
    JOB_BOOT,
    JOB_LIST,
    JOB_LOG,
    JOB_CONSOLE, /* whether there are serial consoles */
    JOB_ADDRESS, /* of a serial console that is to be opened */
    JOB_ASK,
    JOB_HOSTS
};

/* A job has copies of what it needs, and leaves what came of it. */
struct openstack_job {
    struct crew_job base; /* the first member */
    enum openstack_job_kind kind;
    int error;
    struct reason reason;
    char run[65], id[NOVA_ID_ROOM];
    uint64_t vm;
    union {
        struct {
            struct nova_batch batch;
            bool unsure;
        } boot;
        struct {
            int64_t since, date;
            struct nova_server *servers;
            size_t count;
        } list;
        struct {
            char line[READY_LINE_ROOM];
            bool has;
        } log;
        struct {
            struct cloud_host *list;
            size_t count;
        } hosts;
        struct {
            struct engine_ask *ask; /* its answer, status and times are written by the job */
            bool no_consoles;
        } ask;
        struct {
            char url[NOVA_URL_ROOM];      /* a secret */
            uint64_t number, deadline_ns; /* of the console */
        } address;
    };
};

/* A zeroed job, or NULL without memory. */
struct openstack_job *openstack_job(struct openstack *openstack, enum openstack_job_kind kind);
void openstack_job_submit(struct openstack *openstack, struct openstack_job *job, bool first);
void openstack_job_free(struct openstack_job *job);

/* Waits until `until_ns` for jobs that are done, takes what came of them, and submits what is due. A job of
 * kind JOB_BOOT or JOB_CONSOLE is left to the caller: it is stored in `ret_job`. Returns after the first
 * ones. */
void openstack_turn(struct openstack *openstack, uint64_t until_ns, struct openstack_job **ret_job);

/* Makes the descriptors; on failure, and later, they are closed by openstack_events_close(). */
int openstack_events_open(struct openstack *openstack, struct reason *reason);
void openstack_events_close(struct openstack *openstack);

/* What a list says of servers. */
void openstack_take_list(struct openstack *openstack, const struct nova_server *servers, size_t count);
void openstack_ready(struct openstack *openstack, struct server *server);
void openstack_fail(struct openstack *openstack, struct server *server, const char *why);
void openstack_expire(struct openstack *openstack);

/* Takes a job of kind JOB_ASK. */
void openstack_take_ask(struct openstack *openstack, struct openstack_job *job);

/* Takes a job of kind JOB_ADDRESS. */
void openstack_take_address(struct openstack *openstack, const struct openstack_job *job);

/* Makes the consoles' event unreadable; a list is due when one was closed by the cloud, whose server may be
 * no more. */
void openstack_look_at_consoles(struct openstack *openstack);

/* Takes a job of kind JOB_HOSTS. */
void openstack_take_hosts(struct openstack *openstack, struct openstack_job *job);

/* As struct engine has them. */
int openstack_hosts(struct population *population, const struct engine_watch *watch,
                    struct engine_host **ret_hosts, size_t *ret_count, struct reason *reason);
int openstack_account(struct population *population, struct result_counters *counters);
int openstack_grow(struct population *population, uint64_t count, const struct engine_watch *watch,
                   struct reason *reason);
void openstack_submit(struct population *population, struct engine_ask *const *asks, size_t count);
size_t openstack_reap(struct population *population, struct engine_ask **ret_asks, size_t room,
                      uint64_t until_ns);
int openstack_console_open(struct population *population, uint64_t vm, struct reason *reason);
int openstack_console_state(struct population *population, uint64_t vm, struct reason *reason);
void openstack_console_close(struct population *population, uint64_t vm);
size_t openstack_console_read(struct population *population, uint64_t vm, uint8_t *ret_bytes, size_t room);
size_t openstack_console_write(struct population *population, uint64_t vm, const uint8_t *bytes,
                               size_t count);

#endif
