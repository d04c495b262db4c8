/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "load/way.h"

const char *const load_outcome_names[LOAD_OUTCOMES] = {
    [LOAD_RIGHT] = "right",       [LOAD_WRONG] = "wrong", [LOAD_TIMEOUT] = "timeout",
    [LOAD_REFUSED] = "refused",   [LOAD_RESET] = "reset", [LOAD_STATUS] = "status",
    [LOAD_NOT_HTTP] = "not_http", [LOAD_BUSY] = "busy",   [LOAD_HOST] = "host",
    [LOAD_UNSENT] = "unsent",
};

const char *const load_outcome_words[LOAD_OUTCOMES] = {
    [LOAD_RIGHT] = "answered right",
    [LOAD_WRONG] = "answered wrong",
    [LOAD_TIMEOUT] = "not answered in time",
    [LOAD_REFUSED] = "connections refused",
    [LOAD_RESET] = "ended before their answer was whole",
    [LOAD_STATUS] = "answered with another HTTP status than 200",
    [LOAD_NOT_HTTP] = "answered with what is not HTTP, or too long",
    [LOAD_BUSY] = "to VMs whose serial port is taken",
    [LOAD_HOST] = "that this host could not send (no port, descriptor or memory)",
    [LOAD_UNSENT] = "not sent in time",
};
