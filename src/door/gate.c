/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "door/gate.h"

#include "base/clock.h"
#include "base/reason.h"
#include "door/lane.h"
#include "door/listen.h"
#include "door/raw.h"
#include "door/route.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Descriptors that are left to what else the run does. */
enum { FILES_LEFT = 128 };

struct gate {
    struct lanes all;
    struct place places[GATE_PLACES];
    int listeners[GATE_PLACES]; /* bound, for the first lane; -1: handed on */
    bool public;
    struct lane *lanes[LANES_MOST];
    size_t lane_count;
    struct raw *raw; /* NULL: no place of PLACE_TCP */
    struct routes *routes;
};

_Static_assert((int)GATE_PLACES == (int)PLACES_MOST, "the same");

static int check_engine(const struct gate_setup *setup, struct reason *reason)
{
    for (size_t i = 0; i < setup->place_count; i++) {
        if (setup->places[i].kind == PLACE_HTTP && !(setup->engine->capabilities & ENGINE_ASKS_WHOLE))
            return reason_set(reason, EINVAL,
                              "--http: the engine %s does not carry answers of more than a line",
                              setup->engine->name);
        if (setup->places[i].kind == PLACE_TCP && !(setup->engine->capabilities & ENGINE_CONSOLES))
            return reason_set(reason, EINVAL, "--tcp: VMs of the engine %s have no console",
                              setup->engine->name);
    }
    return 0;
}

int gate_open(const struct gate_setup *setup, struct gate **ret_gate, struct reason *reason)
{
    int error = check_engine(setup, reason);
    struct gate *gate = error ? NULL : calloc(1, sizeof(*gate));

    if (error)
        return error;
    if (!gate)
        return reason_set(reason, ENOMEM, "no memory for the door");
    gate->all = (struct lanes){.engine = setup->engine,
                               .limits = setup->limits,
                               .challenges = setup->challenges,
                               .places = gate->places,
                               .place_count = setup->place_count};
    gate->public = setup->public;
    for (size_t i = 0; i < GATE_PLACES; i++)
        gate->listeners[i] = -1;
    memcpy(gate->places, setup->places, setup->place_count * sizeof(gate->places[0]));
    for (size_t i = 0; !error && i < setup->place_count; i++) {
        gate->listeners[i] = place_bind(&gate->places[i], setup->public, true, reason);
        error = gate->listeners[i] < 0 ? gate->listeners[i] : 0;
    }
    if (!error && setup->sets_routes)
        error = routes_set(gate->places, setup->place_count, &gate->routes, reason);
    if (error)
        gate_close(gate);
    else
        *ret_gate = gate;
    return error;
}

/* Every connection takes a descriptor. */
static void bound_connections(struct gate *gate)
{
    DIR *directory = opendir("/proc/self/fd");
    uint64_t open = 0, left = FILES_LEFT + (gate->raw ? RAW_MOST : 0);
    struct rlimit limit;

    if (!directory || getrlimit(RLIMIT_NOFILE, &limit) < 0) {
        if (directory)
            closedir(directory);
        return;
    }
    while (readdir(directory))
        open++;
    closedir(directory);
    uint64_t room = limit.rlim_cur > open + left ? limit.rlim_cur - open - left : 1;

    if (gate->all.limits.connections > room)
        gate->all.limits.connections = room;
}

static size_t lanes_wanted(const struct gate *gate)
{
    cpu_set_t cpus;
    uint64_t wanted = gate->all.limits.lanes;

    if (!gate->all.engine->port_open)
        return 1;
    if (wanted == 0)
        wanted = sched_getaffinity(0, sizeof(cpus), &cpus) == 0 ? (uint64_t)CPU_COUNT(&cpus) : 1;
    return wanted < LANES_MOST ? (size_t)wanted : LANES_MOST;
}

static bool has_http(const struct gate *gate)
{
    for (size_t i = 0; i < gate->all.place_count; i++)
        if (gate->places[i].kind == PLACE_HTTP)
            return true;
    return false;
}

/* Its own sockets at all places: the first lane has those that were bound at first. */
static int listen_everywhere(struct gate *gate, struct lane *lane, bool first, struct reason *reason)
{
    int error = 0;

    for (size_t i = 0; !error && i < gate->all.place_count; i++) {
        struct place *place = &gate->places[i];
        int fd;

        if (place->kind != PLACE_HTTP)
            continue;
        if (first)
            fd = gate->listeners[i];
        else if (place->family == AF_UNIX)
            fd = fcntl(gate->lanes[0]->listeners[i], F_DUPFD_CLOEXEC, 0);
        else
            fd = place_bind(place, gate->public, false, reason);
        if (fd < 0)
            return place->family == AF_UNIX ? reason_errno(reason, errno, "cannot listen at %s", place->path)
                                            : fd;
        gate->listeners[i] = -1;
        error = lane_listen(lane, i, fd, reason);
    }
    return error;
}

int gate_serve(struct gate *gate, struct door *door, struct population *population, uint64_t numbers,
               struct reason *reason)
{
    size_t wanted = has_http(gate) ? lanes_wanted(gate) : 0;
    int error = 0;

    gate->all.population = population;
    gate->all.numbers = numbers;
    gate->all.turns = turns_create(gate->all.limits.waiting);
    if (!gate->all.turns)
        return reason_set(reason, ENOMEM, "no memory for the door");
    for (size_t i = 0; !error && i < gate->all.place_count; i++)
        if (gate->places[i].kind == PLACE_TCP) {
            error = raw_listen(&gate->raw, &gate->all, &gate->places[i], gate->listeners[i], door, reason);
            gate->listeners[i] = -1;
        }
    bound_connections(gate);
    while (!error && gate->lane_count < wanted) {
        struct lane *lane;

        error = lane_create(&gate->all, &lane, reason);
        if (error)
            break;
        lane->door = door;
        gate->lanes[gate->lane_count++] = lane;
        error = listen_everywhere(gate, lane, gate->lane_count == 1, reason);
        if (!error && gate->all.engine->port_open)
            error = lane_start(lane, reason);
    }
    return error;
}

void gate_descriptors(const struct gate *gate, int ret_descriptors[GATE_DESCRIPTORS])
{
    ret_descriptors[0] = ret_descriptors[1] = -1;
    if (gate && gate->lane_count > 0 && !gate->lanes[0]->has_thread)
        ret_descriptors[0] = gate->lanes[0]->epoll;
    if (gate && gate->raw)
        ret_descriptors[1] = raw_descriptor(gate->raw);
}

uint64_t gate_turn(struct gate *gate, bool news)
{
    uint64_t next = CLOCK_NEVER, due;

    if (gate && gate->lane_count > 0 && !gate->lanes[0]->has_thread)
        next = lane_turn(gate->lanes[0], 0);
    if (gate && gate->raw) {
        due = raw_turn(gate->raw, news);
        next = due < next ? due : next;
    }
    return next;
}

void gate_stop(struct gate *gate)
{
    bool again = true;

    if (!gate)
        return;
    for (size_t i = 0; i < gate->lane_count; i++)
        lane_end_thread(gate->lanes[i]);
    raw_close(gate->raw);
    gate->raw = NULL;
    while (again) {
        again = false;
        for (size_t i = 0; i < gate->lane_count; i++)
            again = lane_close_clients(gate->lanes[i]) || again;
    }
    for (size_t i = 0; i < gate->lane_count; i++)
        lane_settle(gate->lanes[i]);
}

void gate_close(struct gate *gate)
{
    if (!gate)
        return;
    for (size_t i = 0; i < gate->lane_count; i++)
        lane_free(gate->lanes[i]);
    for (size_t i = 0; i < gate->all.place_count; i++) {
        if (gate->places[i].family == AF_UNIX && (gate->listeners[i] >= 0 || gate->lane_count > 0))
            unlink(gate->places[i].path);
        if (gate->listeners[i] >= 0)
            close(gate->listeners[i]);
    }
    routes_remove(gate->routes);
    turns_free(gate->all.turns);
    free(gate);
}

size_t gate_places(const struct gate *gate, const struct place **ret_places)
{
    *ret_places = gate ? gate->places : NULL;
    return gate ? gate->all.place_count : 0;
}

void gate_tally(const struct gate *gate, struct tally_sum *sum, uint64_t *ret_http, uint64_t *ret_tcp)
{
    for (size_t i = 0; i < gate->lane_count; i++)
        tally_add(sum, &gate->lanes[i]->tally);
    *ret_http = atomic_load_explicit(&gate->all.connections, memory_order_relaxed);
    *ret_tcp = gate->raw ? raw_connections(gate->raw) : 0;
}

uint64_t gate_connections(const struct gate *gate)
{
    return gate->all.limits.connections;
}

json_t *gate_json(const struct gate *gate)
{
    json_t *doors = json_array();

    for (size_t i = 0; gate && i < gate->all.place_count; i++) {
        const struct place *place = &gate->places[i];
        char prefix[PLACE_TEXT_ROOM];
        json_t *entry = json_pack("{s:s, s:s}", "kind", place->kind == PLACE_HTTP ? "http" : "tcp", "by",
                                  place->by_address ? "address" : "path");

        place_print_prefix(place, prefix);
        json_object_set_new(entry,
                            place->family == AF_UNIX ? "socket"
                            : place->by_address      ? "prefix"
                                                     : "address",
                            json_string(prefix));
        if (place->family != AF_UNIX)
            json_object_set_new(entry, "port", json_integer(place->port));
        json_array_append_new(doors, entry);
    }
    return doors;
}
