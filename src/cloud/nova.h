/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Servers of a run in Nova, and their flavor. Every server has the metadata mvm-run=RUN and a name that
 * begins with "mvm-RUN."; the flavor is "mvm-RUN" with the description "mvm-run=RUN". What lacks either is
 * not the run's, and is neither counted nor deleted. Errors are those of cloud_request().
 */
#ifndef MVM_CLOUD_NOVA_H
#define MVM_CLOUD_NOVA_H

#include "cloud/cloud.h"

enum { NOVA_ID_ROOM = 65, NOVA_TEXT_ROOM = 200, NOVA_URL_ROOM = 1024, NOVA_MARK_ROOM = 96 };

enum nova_state {
    NOVA_BUILD,
    NOVA_ACTIVE,
    NOVA_ERROR,
    NOVA_STOPPED, /* SHUTOFF, and whatever else a server does not answer in */
    NOVA_DELETED,
};

struct nova_server {
    char id[NOVA_ID_ROOM];
    uint64_t part;  /* the population of the run that it belongs to; UINT64_MAX: it does not say */
    uint64_t batch; /* of that population, with which it was asked for; UINT64_MAX likewise */
    enum nova_state state;
    char status[32];              /* Nova's word for it */
    char fault[NOVA_TEXT_ROOM];   /* why it is in NOVA_ERROR; "" without */
    char process[NOVA_MARK_ROOM]; /* that asked for it, as it names itself; "": it does not say */
    char host[NOVA_TEXT_ROOM];    /* the compute host, or the project's own word for it (hostId) where only
                                     administrators are told more; "" for none */
    bool host_is_away;            /* Nova hears nothing of its nova-compute, or was told that it is down; only
                                     administrators are told */
};

struct nova_batch {
    const char *run, *process, *image_id, *flavor_id;
    uint64_t part, number, first_vm, servers;
};

/* Asks for servers, all in one request; as many of them as the quota allows. `ret_unsure`: it failed, and
 * they may come all the same. */
int nova_boot(struct cloud *cloud, struct http *http, const struct nova_batch *batch, bool *ret_unsure,
              struct reason *reason);

/* The servers of the run that have changed since then (0: all, but for deleted ones), malloc'd. `ret_date` is
 * Nova's clock. */
int nova_list(struct cloud *cloud, struct http *http, const char *run, int64_t changed_since,
              struct nova_server **ret_servers, size_t *ret_count, int64_t *ret_date, struct reason *reason);

/* Whether the log of a server's console has the line. */
int nova_log_has_line(struct cloud *cloud, struct http *http, const char *id, const char *line, bool *ret_has,
                      struct reason *reason);

/* The address of a server's serial console, which is a secret: who has it has the console. -ENOTSUP: this
 * cloud has none. */
int nova_serial_console(struct cloud *cloud, struct http *http, const char *id, char ret_url[NOVA_URL_ROOM],
                        struct reason *reason);

/* One that is gone already is deleted. Where its host is away Nova only strikes it from its list, and the VM
 * runs on until the host's nova-compute is back and finds it (its setting running_deleted_instance_action).
 */
int nova_delete(struct cloud *cloud, struct http *http, const char *id, struct reason *reason);

/* Finds a flavor by its name or id, or makes the run's own: 1 vCPU, 1 MB, no disk. -EPERM: only an
 * administrator may.
 */
int nova_flavor_find(struct cloud *cloud, struct http *http, const char *name, char ret_id[NOVA_ID_ROOM],
                     struct reason *reason);
int nova_flavor_make(struct cloud *cloud, struct http *http, const char *run, char ret_id[NOVA_ID_ROOM],
                     struct reason *reason);

/* Deletes the run's flavor; `ret_deleted` says whether there was one. */
int nova_flavor_delete(struct cloud *cloud, struct http *http, const char *run, bool *ret_deleted,
                       struct reason *reason);

#endif
