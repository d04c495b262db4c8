/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What clients may cost. All of it is bounded; docs/doors.md. */
#ifndef MVM_DOOR_LIMITS_H
#define MVM_DOOR_LIMITS_H

#include <stdint.h>

struct door_limits {
    uint64_t connections;  /* HTTP, at once, of all places together */
    uint64_t header_bytes; /* of a request, its first line included */
    uint64_t output_bytes; /* of a VM's answer to one request */
    uint64_t waiting;      /* requests that wait for one VM's turn */
    uint64_t idle_ns;      /* a connection without a request; a client that does not read its answer */
    uint64_t header_ns;    /* from a request's first byte to the last of its head */
    uint64_t answer_ns;    /* for a VM to answer; and before that for its turn to come */
    uint64_t lanes;        /* threads; 0: one for each CPU */
};

#endif
