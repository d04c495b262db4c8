/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command `ask`: one line to one VM, and its answer. */
#include "door/server.h"

#include "base/clock.h"
#include "door/bytes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_MOST_MS = 3600 * 1000 };

struct asking {
    struct asker asker; /* the first member */
    struct peer *peer;  /* NULL: it has gone */
    struct engine_ask ask;
    char request[ASK_TEXT_MOST + 1], answer[ASK_TEXT_MOST + 1];
};

static void answered(struct door *door, struct asker *asker, struct engine_ask *ask)
{
    struct asking *asking = (struct asking *)asker;
    struct peer *peer = asking->peer;
    char why[REASON_ROOM];

    if (peer) {
        unsigned long long vm = (unsigned long long)ask->vm;

        peer_end_activity(peer);
        if (ask->status == 0) {
            json_t *answer = json_pack("{s:b, s:I}", "ok", 1, "vm", (json_int_t)ask->vm);

            json_object_set_new(answer, "answer", bytes_to_json(ask->answer, ask->answer_length));
            json_object_set_new(
                answer, "seconds",
                json_real((double)(ask->answered_ns - ask->submitted_ns) / (double)NS_PER_SECOND));
            peer_say(peer, answer);
        } else if (ask->status == -ETIMEDOUT) {
            peer_refuse(peer, false, "VM %llu did not answer in time", vm);
        } else if (ask->status == -EBUSY) {
            peer_refuse(peer, false, "VM %llu is busy: another question to it or a console is open", vm);
        } else if (ask->status == -ECONNRESET) {
            door_explain(door, ask->vm, why, sizeof(why));
            peer_refuse(peer, false, "%s", why);
        } else {
            peer_refuse(peer, false, "VM %llu cannot be asked: %s", vm, strerror(-ask->status));
        }
    }
    door_remove_asker(door, asker);
}

static void free_asking(struct asker *asker)
{
    free(asker);
}

/* The engine still has it: its answer is for nobody. */
static void end_asking(struct door *door, struct peer *peer)
{
    (void)door;
    ((struct asking *)peer->state)->peer = NULL;
}

static const struct activity asking_activity = {.end = end_asking};

static bool take_text(struct peer *peer, json_t *text, struct asking *asking)
{
    size_t count = 0;
    int error = bytes_from_json(text, asking->request, ASK_TEXT_MOST, &count);

    if (error == -E2BIG)
        peer_refuse(peer, true, "a line to a VM has at most %d bytes", ASK_TEXT_MOST);
    else if (error)
        peer_refuse(peer, true, "\"text\" is a text of characters up to U+00FF, one for each byte");
    else if (memchr(asking->request, '\n', count))
        peer_refuse(peer, true, "a line to a VM holds no line feed");
    else {
        asking->request[count] = '\n';
        asking->ask.request_length = count + 1;
        return true;
    }
    return false;
}

void door_ask(struct door *door, struct peer *peer, json_t *arguments)
{
    json_t *vm = json_object_get(arguments, "vm"), *timeout = json_object_get(arguments, "timeout_ms");
    json_int_t timeout_ms = timeout ? json_integer_value(timeout) : 5000;

    if (timeout_ms < 1 || timeout_ms > TIMEOUT_MOST_MS) {
        peer_refuse(peer, true, "\"timeout_ms\" is from 1 to %d", TIMEOUT_MOST_MS);
        return;
    }
    if (!(door->setup.engine->capabilities & ENGINE_ASKS)) {
        peer_refuse(peer, true, "VMs of the engine %s cannot be asked", door->setup.engine->name);
        return;
    }
    if (!door_take_vm(door, peer, vm))
        return;
    struct asking *asking = calloc(1, sizeof(*asking));

    if (!asking || !take_text(peer, json_object_get(arguments, "text"), asking)) {
        peer->gone = peer->gone || !asking;
        free(asking);
        return;
    }
    asking->asker.answered = answered;
    asking->asker.free = free_asking;
    asking->peer = peer;
    asking->ask.vm = (uint64_t)json_integer_value(vm);
    asking->ask.request = asking->request;
    asking->ask.answer = asking->answer;
    asking->ask.answer_room = sizeof(asking->answer);
    asking->ask.deadline_ns = clock_now_ns() + (uint64_t)timeout_ms * NS_PER_MILLISECOND;
    asking->ask.context = &asking->asker;
    door_add_asker(door, &asking->asker);
    peer_set_activity(peer, &asking_activity, asking);
    struct engine_ask *ask = &asking->ask;

    door->submitted = true;
    door->setup.engine->submit(door->population, &ask, 1);
}
