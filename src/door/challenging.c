/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command `challenge`: which of many VMs are alive. */
#include "door/server.h"

#include "base/clock.h"
#include "engine/challenger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    TIMEOUT_MOST_MS = 600 * 1000,
    SILENT_TOLD = 20, /* of VMs that are not alive, this many are named */
};

#define TELL_EVERY_NS (500 * NS_PER_MILLISECOND)

struct challenging {
    struct asker asker; /* the first member */
    struct door *door;
    struct peer *peer; /* NULL: it has gone */
    struct challenger *challenger;
    uint64_t first, next, end; /* VM numbers; `end` is one past the last */
    uint64_t asked, alive, wrong, ended;
    bool gaps; /* some numbers have no VM */
    uint64_t tell_ns;
    json_t *silent; /* {"vm":5,"why":"..."} */
};

static void name_silent(struct challenging *challenging, uint64_t vm, int status)
{
    char why[REASON_ROOM];

    if (json_array_size(challenging->silent) >= SILENT_TOLD)
        return;
    if (status == -ECONNRESET)
        door_explain(challenging->door, vm, why, sizeof(why));
    else
        snprintf(why, sizeof(why), "VM %llu %s", (unsigned long long)vm,
                 status == 0            ? "gave a wrong answer"
                 : status == -ETIMEDOUT ? "did not answer in time"
                 : status == -EBUSY     ? "is busy: another question to it or a console is open"
                                        : strerror(-status));
    json_t *entry = json_pack("{s:I}", "vm", (json_int_t)vm);

    json_object_set_new(entry, "why", json_string(why));
    json_array_append_new(challenging->silent, entry);
}

static bool choose(void *context, uint64_t *ret_vm)
{
    struct challenging *challenging = context;

    while (challenging->next < challenging->end) {
        uint64_t vm = challenging->next++;

        if (challenging->gaps && !door_was_started(challenging->door, vm))
            continue;
        challenging->asked++;
        if (challenging->door->setup.engine->is_running(challenging->door->population, vm)) {
            *ret_vm = vm;
            return true;
        }
        challenging->ended++;
        name_silent(challenging, vm, -ECONNRESET);
    }
    return false;
}

static void take_verdict(void *context, const struct challenger_verdict *verdict)
{
    struct challenging *challenging = context;

    challenging->alive += verdict->alive;
    challenging->wrong += verdict->wrong;
    if (!verdict->alive)
        name_silent(challenging, verdict->vm, verdict->status);
}

static void answered(struct door *door, struct asker *asker, struct engine_ask *ask)
{
    struct challenging *challenging = (struct challenging *)asker;

    challenger_take(challenging->challenger, ask);
    if (!challenging->peer && challenger_asks(challenging->challenger) == 0)
        door_remove_asker(door, asker);
}

static void free_challenging(struct asker *asker)
{
    struct challenging *challenging = (struct challenging *)asker;

    challenger_free(challenging->challenger);
    json_decref(challenging->silent);
    free(challenging);
}

static json_t *figures(const struct challenging *challenging)
{
    return json_pack("{s:I, s:I, s:I, s:I}", "asked", (json_int_t)challenging->asked, "alive",
                     (json_int_t)challenging->alive, "wrong", (json_int_t)challenging->wrong, "ended",
                     (json_int_t)challenging->ended);
}

static uint64_t turn(struct door *door, struct peer *peer)
{
    struct challenging *challenging = peer->state;
    uint64_t now = clock_now_ns();
    size_t before = challenger_asks(challenging->challenger);

    challenger_send(challenging->challenger);
    door->submitted = door->submitted || challenger_asks(challenging->challenger) > before;
    if (challenger_under_way(challenging->challenger) == 0) {
        json_t *report = figures(challenging);

        json_object_set_new(report, "ok", json_true());
        json_object_set(report, "silent", challenging->silent);
        peer_say(peer, report);
        peer_end_activity(peer);
        door_remove_asker(door, &challenging->asker);
        return CLOCK_NEVER;
    }
    if (now >= challenging->tell_ns && !peer_is_full(peer)) {
        json_t *progress = figures(challenging);

        json_object_set_new(progress, "progress",
                            json_integer((json_int_t)(challenging->next - challenging->first)));
        json_object_set_new(progress, "of",
                            json_integer((json_int_t)(challenging->end - challenging->first)));
        peer_say(peer, progress);
        challenging->tell_ns = now + TELL_EVERY_NS;
    }
    return challenging->tell_ns;
}

static void end(struct door *door, struct peer *peer)
{
    struct challenging *challenging = peer->state;

    challenging->peer = NULL;
    challenger_stop(challenging->challenger);
    if (challenger_asks(challenging->challenger) == 0)
        door_remove_asker(door, &challenging->asker);
}

static const struct activity challenging_activity = {.turn = turn, .end = end};

/* The numbers wanted: "first" and "last", or all. */
static bool take_range(struct door *door, struct peer *peer, json_t *arguments,
                       struct challenging *challenging)
{
    json_t *first = json_object_get(arguments, "first"), *last = json_object_get(arguments, "last");
    struct engine_counts counts;

    door->setup.engine->counts(door->population, &counts);
    challenging->gaps = counts.numbers > counts.started;
    if (!first && !last) {
        challenging->end = door_numbers(door);
        return true;
    }
    if (!json_is_integer(first) || !json_is_integer(last) || json_integer_value(first) < 0 ||
        json_integer_value(last) < json_integer_value(first)) {
        peer_refuse(peer, true,
                    "\"first\" and \"last\" are numbers of VMs, the last one not below the first");
        return false;
    }
    if (!door_has_vm(door, peer, (uint64_t)json_integer_value(last)))
        return false;
    challenging->first = challenging->next = (uint64_t)json_integer_value(first);
    challenging->end = (uint64_t)json_integer_value(last) + 1;
    return true;
}

void door_challenge(struct door *door, struct peer *peer, json_t *arguments)
{
    json_t *timeout = json_object_get(arguments, "timeout_ms");
    json_int_t timeout_ms = timeout ? json_integer_value(timeout) : 5000;
    struct challenging *challenging;

    if (!door->setup.image->answers || !(door->setup.engine->capabilities & ENGINE_ASKS)) {
        peer_refuse(peer, true, "the image %s answers no challenges, so nothing can be proven of its VMs",
                    door->setup.image_name);
        return;
    }
    if (timeout_ms < 1 || timeout_ms > TIMEOUT_MOST_MS) {
        peer_refuse(peer, true, "\"timeout_ms\" is from 1 to %d", TIMEOUT_MOST_MS);
        return;
    }
    challenging = calloc(1, sizeof(*challenging));
    if (!challenging || !(challenging->silent = json_array())) {
        free(challenging);
        peer->gone = true;
        return;
    }
    const struct challenger_plan plan = {.population = door->population,
                                         .random = &door->random,
                                         .patience_ns = (uint64_t)timeout_ms * NS_PER_MILLISECOND,
                                         .ask_context = &challenging->asker,
                                         .next = choose,
                                         .verdict = take_verdict,
                                         .context = challenging};

    challenging->door = door;
    challenging->peer = peer;
    challenging->asker.answered = answered;
    challenging->asker.free = free_challenging;
    challenging->tell_ns = clock_now_ns() + TELL_EVERY_NS;
    if (!take_range(door, peer, arguments, challenging)) {
        free_challenging(&challenging->asker);
        return;
    }
    if (challenger_create(&plan, &challenging->challenger, NULL) < 0) {
        peer_refuse(peer, false, "the run has no memory for challenges");
        free_challenging(&challenging->asker);
        return;
    }
    door_add_asker(door, &challenging->asker);
    peer_set_activity(peer, &challenging_activity, challenging);
}
