/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command `trace`: what one VM executes, until the client goes, the VM stops, or as many lines as it
 * wanted came. */
#include "door/server.h"

#include "base/clock.h"
#include "result/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 32 * 1024 };

/* How often it is looked whether the VM has stopped. */
#define LOOK_EVERY_NS (200 * NS_PER_MILLISECOND)

struct tracing {
    uint64_t vm, left; /* lines still wanted */
};

/* Cuts the text after the wanted lines. */
static size_t cut(struct tracing *tracing, const char *text, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (text[i] == '\n' && --tracing->left == 0)
            return i + 1;
    return count;
}

static void finish(struct door *door, struct peer *peer, json_t *last)
{
    struct tracing *tracing = peer->state;

    door->setup.engine->trace_stop(door->population);
    free(tracing);
    peer_end_activity(peer);
    json_object_set_new(last, "ok", json_true());
    peer_say(peer, last);
}

static uint64_t turn(struct door *door, struct peer *peer)
{
    const struct engine *engine = door->setup.engine;
    struct tracing *tracing = peer->state;
    /* Asked before the lines are read, so that none is missed at the end. */
    bool running = engine->is_running(door->population, tracing->vm);
    char text[CHUNK_BYTES], why[REASON_ROOM];
    uint64_t lost = 0;
    size_t count = 1;

    while (count > 0 && tracing->left > 0 && !peer_is_full(peer)) {
        count = engine->trace_read(door->population, text, sizeof(text), &lost);
        if (count > 0) {
            size_t wanted = cut(tracing, text, count);

            peer_say(peer, json_pack("{s:o}", "trace", json_stringn(text, wanted)));
        }
        if (lost > 0 && tracing->left > 0)
            peer_say(peer, json_pack("{s:I}", "lost", (json_int_t)lost));
    }
    if (tracing->left == 0) {
        finish(door, peer, json_object());
        return CLOCK_NEVER;
    }
    if (!running && count == 0) {
        door_explain(door, tracing->vm, why, sizeof(why));
        finish(door, peer, json_pack("{s:o}", "ended", result_json_text(why)));
        return CLOCK_NEVER;
    }
    return clock_now_ns() + LOOK_EVERY_NS;
}

static void end(struct door *door, struct peer *peer)
{
    door->setup.engine->trace_stop(door->population);
    free(peer->state);
}

static const struct activity tracing_activity = {.turn = turn, .end = end};

void door_trace(struct door *door, struct peer *peer, json_t *arguments)
{
    const struct engine *engine = door->setup.engine;
    json_t *vm = json_object_get(arguments, "vm"), *lines = json_object_get(arguments, "lines");
    char why[REASON_ROOM];

    if (!json_is_integer(vm) || json_integer_value(vm) < 0) {
        peer_refuse(peer, true, "\"vm\" is the number of a VM");
        return;
    }
    if (lines && json_integer_value(lines) < 1) {
        peer_refuse(peer, true, "\"lines\" is how many lines are wanted, at least 1");
        return;
    }
    if (!(engine->capabilities & ENGINE_TRACES)) {
        peer_refuse(peer, true, "what VMs of the engine %s execute cannot be traced", engine->name);
        return;
    }
    if (!door_has_vm(door, peer, (uint64_t)json_integer_value(vm)))
        return;
    struct tracing *tracing = malloc(sizeof(*tracing));

    if (!tracing) {
        peer->gone = true;
        return;
    }
    *tracing = (struct tracing){.vm = (uint64_t)json_integer_value(vm),
                                .left = lines ? (uint64_t)json_integer_value(lines) : UINT64_MAX};
    int error = engine->trace_start(door->population, tracing->vm);

    if (error) {
        free(tracing);
        if (error == -EBUSY)
            peer_refuse(peer, false, "another VM of the run %s is being traced", door->setup.directory->name);
        else if (error == -ESRCH) {
            door_explain(door, (uint64_t)json_integer_value(vm), why, sizeof(why));
            peer_refuse(peer, false, "%s", why);
        } else
            peer_refuse(peer, false, "no trace can be begun: %s", strerror(-error));
        return;
    }
    peer_say(peer, json_pack("{s:b}", "ok", 1));
    peer_set_activity(peer, &tracing_activity, tracing);
}
