/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A run's own HTTP service: a page that shows it live, and its metrics for Prometheus (docs/web.md). Not to
 * be confused with VMs as web servers, which are the door's (door/gate.h).
 *
 * It is a thread that knows no more of the run than any client of its control socket (door/door.h): what it
 * shows it asks there, only while somebody looks. So it can hold up neither workers nor whoever has the
 * population, and a client of it can do no more than is written here. GET and HEAD only; every buffer, time
 * and number of clients is bounded.
 */
#ifndef MVM_WEB_WEB_H
#define MVM_WEB_WEB_H

#include "door/place.h"
#include "door/runs.h"

#include <stdbool.h>

struct reason;
struct web;

struct web_setup {
    const struct run_directory *directory; /* of the run, which outlives the service */
    const struct place *page,
        *metrics;      /* single addresses; NULL: not wanted. Equal: one socket serves both */
    const char *token; /* needed for all but the page's own files; NULL: none is */
};

/* An address and a port, as in place.h, without a prefix: `option` is the option's name, for the sentence.
 * -EINVAL. */
int web_parse_place(const char *option, const char *text, struct place *ret_place, struct reason *reason);

/* Takes the addresses and starts the thread; who comes is served from now on. `setup` is copied, but for the
 * directory. Signals are to be blocked or ignored by then as the thread is to have them. -EINVAL: what was
 * asked for cannot be. */
int web_start(const struct web_setup *setup, struct web **ret_web, struct reason *reason);

/* Where the page and the metrics are, with the ports that the kernel chose; NULL: nowhere. `web` may be NULL.
 */
const struct place *web_page(const struct web *web);
const struct place *web_metrics(const struct web *web);

/* Tells pages that the run ends, disconnects all and waits for the thread. NULL is fine. */
void web_stop(struct web *web);

#endif
