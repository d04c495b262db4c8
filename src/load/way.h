/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A way out for requests: straight into an engine, or over TCP. One thread uses a way. What is asked and what
 * the right answer is, is the way's matter; when, and of whom, its user's.
 */
#ifndef MVM_LOAD_WAY_H
#define MVM_LOAD_WAY_H

#include <stddef.h>
#include <stdint.h>

/* What became of a request. */
enum load_outcome {
    LOAD_RIGHT,    /* the right answer came in time */
    LOAD_WRONG,    /* a whole answer, but not the right one */
    LOAD_TIMEOUT,  /* no whole answer in time */
    LOAD_REFUSED,  /* nobody took the connection */
    LOAD_RESET,    /* the connection, or the VM, ended before the answer did */
    LOAD_STATUS,   /* an HTTP status other than 200 */
    LOAD_NOT_HTTP, /* what came is not HTTP, or is longer than an answer may be */
    LOAD_BUSY,     /* the VM's serial port is somebody else's */
    LOAD_HOST,     /* this host could not send it: no port, no descriptor, no memory */
    LOAD_UNSENT,   /* it could not be sent in time, as too many were under way, or the sender was late */
    LOAD_OUTCOMES
};

/* The names of the outcomes, as results have them: "right", "wrong", ...; and in words for people. */
extern const char *const load_outcome_names[LOAD_OUTCOMES];
extern const char *const load_outcome_words[LOAD_OUTCOMES];

/* One request: the first member of a way's own struct of `request_size` bytes, which is zeroed before its
 * first use, and used again and again. Times are CLOCK_MONOTONIC. */
struct load_request {
    /* Filled by the user. */
    uint64_t vm;
    uint64_t intended_ns; /* when it was to be sent */
    uint64_t deadline_ns; /* not earlier than that of the request that was submitted before */
    /* Filled by the way. */
    enum load_outcome outcome;
    uint64_t sent_ns;     /* when it was; 0: never */
    uint64_t answered_ns; /* when the answer was whole, or the request ended otherwise */
    /* Its holder's. */
    struct load_request *next;
};

struct load_way {
    size_t request_size;

    /* Sends the requests, or keeps them until they can be sent. Never waits, and never fails as a whole. */
    void (*submit)(struct load_way *way, struct load_request *const *requests, size_t count);

    /* Waits until `until_ns` for requests that have ended; stores at most `room` of them and returns how
     * many. 0: none in time, or a signal came. A request that is not answered ends at its deadline, if reap()
     * is called then. */
    size_t (*reap)(struct load_way *way, struct load_request **ret_requests, size_t room, uint64_t until_ns);

    /* Frees the way. Every request has been reaped. */
    void (*close)(struct load_way *way);
};

#endif
