/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/doors.h"

#include "base/reason.h"
#include "door/listen.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#define FIELD(name) offsetof(struct door_options, name)

static const struct option_spec door_specs[] = {
    {"http", OPTION_LIST, "PLACE",
     "VMs are web servers there: ADDRESS/PREFIX:PORT, each at its own address, or ADDRESS:PORT or unix:PATH, "
     "at "
     "/vm/NUMBER/",
     FIELD(http), .fallback = NULL},
    {"tcp", OPTION_LIST, "PLACE", "a connection to ADDRESS/PREFIX:PORT is a VM's serial port", FIELD(tcp),
     .fallback = NULL},
    {"public", OPTION_FLAG, NULL, "let other hosts in as well, and other users of this one at a Unix socket",
     FIELD(public), .fallback = NULL},
    {"local-route", OPTION_FLAG, NULL,
     "make the addresses of a prefix this host's own, until the end (needs root)", FIELD(local_route),
     .fallback = NULL},
    {"door-connections", OPTION_COUNT, "N",
     "HTTP connections at once, as far as the limit of open files goes", FIELD(connections),
     .fallback = "65536", .least = 1, .most = 1e7},
    {"door-header", OPTION_SIZE, "SIZE", "how long the head of a request may be", FIELD(header_bytes),
     .fallback = "8K", .least = 128, .most = 1024 * 1024},
    {"door-header-time", OPTION_DURATION, "TIME", "how long a client may take over it", FIELD(header_ns),
     .fallback = "10s", .least = 0.01, .most = 86400},
    {"door-output", OPTION_SIZE, "SIZE", "how long a VM's answer may be", FIELD(output_bytes),
     .fallback = "64K", .least = 128, .most = 16 * 1024 * 1024},
    {"door-answer", OPTION_DURATION, "TIME", "how long a VM may take over it, or a request wait for its turn",
     FIELD(answer_ns), .fallback = "5s", .least = 0.01, .most = 600},
    {"door-idle", OPTION_DURATION, "TIME", "how long a connection may do nothing", FIELD(idle_ns),
     .fallback = "60s", .least = 0.01, .most = 86400},
    {"door-waiting", OPTION_COUNT, "N", "how many requests may wait for one VM", FIELD(waiting),
     .fallback = "1024", .least = 0, .most = 1e7},
    {"door-lanes", OPTION_COUNT, "N",
     "threads that serve clients, where the engine allows several (default: one a CPU)", FIELD(lanes),
     .fallback = NULL, .least = 1, .most = 256},
};

const struct option_set door_option_set = {.title = "Ways in from outside",
                                           .specs = door_specs,
                                           .count = sizeof(door_specs) / sizeof(door_specs[0])};

static int take_list(enum place_kind kind, const struct option_list *list, struct place *places,
                     size_t *count, struct reason *reason)
{
    for (size_t i = 0; i < list->count; i++) {
        int error;

        if (*count == GATE_PLACES)
            return reason_set(reason, EINVAL, "there are at most %d of --http and --tcp", GATE_PLACES);
        error = place_parse(kind, list->items[i], &places[*count], reason);
        if (error)
            return error;
        ++*count;
    }
    return 0;
}

int doors_setup(const struct door_options *options, struct place *places, struct gate_setup *ret_setup,
                struct reason *reason)
{
    size_t count = 0;
    int error = take_list(PLACE_HTTP, &options->http, places, &count, reason);

    if (!error)
        error = take_list(PLACE_TCP, &options->tcp, places, &count, reason);
    if (error)
        return error;
    if (count == 0 && (options->public || options->local_route))
        return reason_set(reason, EINVAL, "--%s goes with --http or --tcp",
                          options->public ? "public" : "local-route");
    *ret_setup = (struct gate_setup){.places = places,
                                     .place_count = count,
                                     .limits = {.connections = options->connections,
                                                .header_bytes = options->header_bytes,
                                                .output_bytes = options->output_bytes,
                                                .waiting = options->waiting,
                                                .idle_ns = options->idle_ns,
                                                .header_ns = options->header_ns,
                                                .answer_ns = options->answer_ns,
                                                .lanes = options->lanes},
                                     .public = options->public,
                                     .sets_routes = options->local_route};
    return 0;
}

static void print_place(const struct place *place, uint64_t numbers)
{
    uint64_t addresses = place_addresses(place);
    uint64_t example = numbers > 7 && (addresses > 7 || !place->by_address) ? 7 : 0;
    char at[PLACE_TEXT_ROOM], prefix[PLACE_TEXT_ROOM];

    place_print(place, at);
    place_print_prefix(place, prefix);
    if (place->by_address) {
        char vm[PLACE_TEXT_ROOM];

        place_print_vm(place, example, vm);
        printf("  %s at %s: VM %llu is %s%s%s\n", place->kind == PLACE_HTTP ? "HTTP" : "TCP", at,
               (unsigned long long)example, place->kind == PLACE_HTTP ? "http://" : "", vm,
               place->kind == PLACE_HTTP ? "/" : "");
        if (numbers > addresses)
            printf("    VMs from %llu on have no address there\n", (unsigned long long)addresses);
    } else if (place->family == AF_UNIX) {
        printf("  HTTP at %s: VM %llu is /vm/%llu/\n", at, (unsigned long long)example,
               (unsigned long long)example);
    } else {
        printf("  HTTP at %s: VM %llu is http://%s/vm/%llu/\n", at, (unsigned long long)example, at,
               (unsigned long long)example);
    }
    if (!place_has_route(place))
        printf(
            "    its addresses are not this host's own yet: ip route add local %s dev lo, or --local-route\n",
            prefix);
}

void doors_print(const struct gate *gate, const struct gate_setup *setup, uint64_t numbers)
{
    const struct place *places;
    size_t count = gate_places(gate, &places);

    for (size_t i = 0; i < count; i++)
        print_place(&places[i], numbers);
    if (count > 0 && gate_connections(gate) < setup->limits.connections)
        printf("    at most %llu connections at once, as the limit of open files (ulimit -n) has it\n",
               (unsigned long long)gate_connections(gate));
}
