/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Traces: what was asked of which VM, and when. */
#include "base/clock.h"
#include "base/file.h"
#include "base/option.h"
#include "base/reason.h"
#include "load/schedule.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { TRACE_MOST = 1 << 30 }; /* bytes */

static int add_arrival(struct schedule_plan *plan, size_t *room, struct arrival arrival)
{
    if (plan->arrival_count == *room) {
        size_t more = *room ? 2 * *room : 1024;
        struct arrival *grown = realloc(plan->arrivals, more * sizeof(*grown));

        if (!grown)
            return -ENOMEM;
        plan->arrivals = grown;
        *room = more;
    }
    plan->arrivals[plan->arrival_count++] = arrival;
    return 0;
}

/* A line of time and VM; -EINVAL: it is none. */
static int parse_line(char *line, double *ret_seconds, uint64_t *ret_vm)
{
    char *comma = strchr(line, ',');

    if (!comma)
        return -EINVAL;
    *comma = '\0';
    if (parse_number(line, ret_seconds) < 0 || !(*ret_seconds >= 0 && *ret_seconds <= 1e9))
        return -EINVAL;
    return parse_count(comma + 1, ret_vm);
}

static bool is_passed_over(const char *line, unsigned long number)
{
    return line[0] == '\0' || line[0] == '#' || (number == 1 && strcmp(line, "time,vm") == 0);
}

static int take_lines(const char *path, char *text, uint64_t vms, struct schedule_plan *plan,
                      struct reason *reason)
{
    size_t room = 0;
    uint64_t last_ns = 0;
    char *line;

    for (unsigned long number = 1; (line = strsep(&text, "\n")); number++) {
        struct arrival arrival = {.number = plan->arrival_count};
        double seconds;
        size_t length = strlen(line);

        if (length > 0 && line[length - 1] == '\r')
            line[length - 1] = '\0';
        if (is_passed_over(line, number))
            continue;
        if (parse_line(line, &seconds, &arrival.vm) < 0)
            return reason_set(
                reason, EINVAL,
                "line %lu of the trace %s is not TIME,VM, such as 0.25,7 for VM 7 at a quarter of a "
                "second",
                number, path);
        arrival.at_ns = (uint64_t)(seconds * (double)NS_PER_SECOND + 0.5);
        if (arrival.vm >= vms)
            return reason_set(reason, EINVAL, "line %lu of the trace %s asks VM %llu, but there are %llu VMs",
                              number, path, (unsigned long long)arrival.vm, (unsigned long long)vms);
        if (arrival.at_ns < last_ns)
            return reason_set(reason, EINVAL,
                              "line %lu of the trace %s goes back in time; sort the lines by their time",
                              number, path);
        last_ns = arrival.at_ns;
        if (add_arrival(plan, &room, arrival) < 0)
            return reason_set(reason, ENOMEM, "no memory for the trace %s", path);
    }
    return plan->arrival_count > 0 ? 0 : reason_set(reason, EINVAL, "the trace %s holds no request", path);
}

int schedule_read_trace(const char *path, uint64_t vms, struct schedule_plan *plan, struct reason *reason)
{
    char *text;
    size_t length;
    int error = file_read(path, TRACE_MOST, &text, &length, reason);

    if (error)
        return error;
    error = take_lines(path, text, vms, plan, reason);
    free(text);
    return error;
}
