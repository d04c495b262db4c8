/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/clock.h"
#include "base/reason.h"
#include "cmd/client.h"
#include "cmd/signals.h"
#include "cmd/top_loop.h"
#include "cmd/top_rates.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct looks {
    struct live_figures before, now;
    struct live_run run;
    struct top_rates rates;
    uint64_t count;
};

/* The answer, and what went on since the one before. */
static int print(struct looks *looks, json_t *answer, struct reason *reason)
{
    live_parse(answer, &looks->now, &looks->run);
    top_rates_make(looks->count ? &looks->before : NULL, &looks->now, &looks->rates);
    json_object_del(answer, "ok");
    json_object_set_new(answer, "rates", top_rates_json(&looks->now, &looks->rates));
    looks->before = looks->now;
    looks->count++;
    if (json_dumpf(answer, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15)) < 0 || putchar('\n') < 0 ||
        fflush(stdout) != 0)
        return reason_errno(reason, errno, "cannot write to standard output");
    return 0;
}

static int look_on(const struct top_options *options, struct call *call, struct looks *looks,
                   struct reason *reason)
{
    uint64_t next = clock_now_ns();

    while (!signals_noted(NULL)) {
        json_t *answer;
        int error = call_do(call, json_pack("{s:s, s:I}", "do", "live", "cells", (json_int_t)options->cells),
                            CALL_PATIENCE_NS, &answer, reason);

        if (!error) {
            error = print(looks, answer, reason);
            json_decref(answer);
        }
        if (error || looks->count == options->count)
            return error;
        next += options->interval_ns;
        while (!signals_noted(NULL) && clock_now_ns() < next) {
            /* A signal that comes before the sleep does not end it. */
            uint64_t soon = clock_now_ns() + NS_PER_SECOND / 5;

            clock_sleep_until(soon < next ? soon : next);
        }
    }
    return 0;
}

int top_as_json(const struct top_options *options, char *ret_run, bool *ret_ended, struct reason *reason)
{
    struct looks *looks = calloc(1, sizeof(*looks));
    struct call call;
    int error = looks ? client_connect(options->run, &call, reason)
                      : reason_set(reason, ENOMEM, "no memory for figures");

    if (error) {
        free(looks);
        return error;
    }
    snprintf(ret_run, RUN_NAME_ROOM, "%s", call.run);
    signals_note();
    error = look_on(options, &call, looks, reason);
    if (error == -EINTR && signals_noted(NULL))
        error = 0;
    /* With a number of looks to be taken, fewer are a failure. */
    *ret_ended = error == -ECONNRESET && options->count == 0;
    if (*ret_ended)
        error = 0;
    call_close(&call);
    free(looks);
    return error;
}
