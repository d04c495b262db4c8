/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One request until it has an answer: pauses, and what may have been done. */
#include "cloud/cloud_private.h"

#include "base/clock.h"
#include "base/reason.h"

#include <errno.h>
#include <string.h>

#define REQUEST_NS     (60 * NS_PER_SECOND)
#define FIRST_PAUSE_NS (250 * NS_PER_MILLISECOND)
#define PAUSE_MOST_NS  (8 * NS_PER_SECOND)
#define PIECE_NS       (50 * NS_PER_MILLISECOND)

/* False: it was called off. */
static bool pause_until(const struct cloud *cloud, uint64_t until_ns)
{
    for (uint64_t now = clock_now_ns(); now < until_ns; now = clock_now_ns()) {
        if (atomic_load(&cloud->cancelled))
            return false;
        clock_sleep_until(until_ns - now < PIECE_NS ? until_ns : now + PIECE_NS);
    }
    return !atomic_load(&cloud->cancelled);
}

int cloud_try(struct cloud *cloud, struct http *http, struct http_request *request,
              struct http_answer *ret_answer, bool *ret_unsure, struct reason *reason)
{
    uint64_t end_ns = clock_now_ns() + cloud->patience_ns, pause_ns = FIRST_PAUSE_NS;
    if (end_ns > http_deadline(http))
        end_ns = http_deadline(http);
    /* What is done twice is the same as once: so it may be sent again when the answer was lost. */
    bool harmless = request->repeatable || strcmp(request->method, "POST") != 0;

    *ret_unsure = false;
    for (;;) {
        if (atomic_load(&cloud->cancelled))
            return reason_set(reason, ECANCELED, "a request was called off");
        request->deadline_ns =
            clock_now_ns() + (cloud->patience_ns < REQUEST_NS ? cloud->patience_ns : REQUEST_NS);
        if (request->deadline_ns > http_deadline(http))
            request->deadline_ns = http_deadline(http);
        int error = http_do(http, request, ret_answer, reason);
        bool lost = error == -EIO || error == -ETIMEDOUT;
        bool again = error == -ECONNREFUSED || (lost && harmless);
        uint64_t wait_ns = pause_ns;

        if (!error) {
            again = ret_answer->status == 429 || ret_answer->status == 503 ||
                    (harmless && (ret_answer->status == 502 || ret_answer->status == 504));
            if (ret_answer->retry_after_s > 0)
                wait_ns = ret_answer->retry_after_s * NS_PER_SECOND;
        }
        if (!again || clock_now_ns() + wait_ns > end_ns) {
            *ret_unsure = lost || error == -EMSGSIZE || (error == -ECANCELED && !harmless);
            return again && error ? reason_set(reason, EAGAIN, "%s", reason ? reason->text : "") : error;
        }
        if (!error)
            http_answer_release(ret_answer);
        if (!pause_until(cloud, clock_now_ns() + wait_ns))
            return reason_set(reason, ECANCELED, "a request was called off");
        pause_ns = pause_ns * 2 < PAUSE_MOST_NS ? pause_ns * 2 : PAUSE_MOST_NS;
    }
}
