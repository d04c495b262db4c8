/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command `console`: the connection becomes a VM's serial port, or its keyboard and text screen. */
#include "door/server.h"

#include "base/clock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Between two pictures of a screen. */
#define FRAME_NS (40 * NS_PER_MILLISECOND)

enum { READ_AT_ONCE = 16 * 1024 };

struct console {
    uint64_t vm;
    bool opening; /* the command is not answered yet */
    bool screen;
    bool shown; /* `last` was sent */
    struct engine_screen last;
    uint64_t next_ns; /* no picture before */
};

/* As struct engine has it. */
static int state_of(struct door *door, uint64_t vm, struct reason *reason)
{
    const struct engine *engine = door->setup.engine;

    return engine->console_state ? engine->console_state(door->population, vm, reason) : 1;
}

/* The VM or its console has ended, and all that it said was handed on: so does the connection. */
static void finish(struct door *door, struct peer *peer)
{
    struct console *console = peer->state;

    door->setup.engine->console_close(door->population, console->vm);
    free(console);
    peer_end_activity(peer);
    peer->closing = true;
}

static void end(struct door *door, struct peer *peer)
{
    struct console *console = peer->state;

    door->setup.engine->console_close(door->population, console->vm);
    free(console);
}

static size_t type(struct door *door, struct peer *peer, const uint8_t *bytes, size_t count)
{
    const struct console *console = peer->state;
    const struct engine *engine = door->setup.engine;
    if (console->opening)
        return 0;
    size_t taken = console->screen ? engine->console_press(door->population, console->vm, bytes, count)
                                   : engine->console_write(door->population, console->vm, bytes, count);

    door->submitted = door->submitted || taken > 0;
    /* What is typed to a VM that has ended goes nowhere. */
    return taken == 0 && !engine->is_running(door->population, console->vm) ? count : taken;
}

static void pass_output_on(struct door *door, struct peer *peer, bool keep)
{
    const struct console *console = peer->state;
    uint8_t bytes[READ_AT_ONCE];
    size_t count;

    while (!(keep && peer_is_full(peer)) && (count = door->setup.engine->console_read(
                                                 door->population, console->vm, bytes, sizeof(bytes))) > 0)
        if (keep)
            peer_put(peer, bytes, count);
}

/* The picture on the wire: docs/control-protocol.md. */
static void put_screen(struct peer *peer, const struct engine_screen *screen)
{
    const uint8_t cursor[2] = {(uint8_t)screen->cursor, (uint8_t)(screen->cursor >> 8)};

    peer_put(peer, cursor, sizeof(cursor));
    peer_put(peer, screen->cells, sizeof(screen->cells));
}

/* Returns when it is worth to look again; CLOCK_NEVER: when something happens. */
static uint64_t show_screen(struct door *door, struct peer *peer)
{
    struct console *console = peer->state;
    struct engine_screen screen = {.cursor = 0};
    uint64_t now = clock_now_ns();

    if (now < console->next_ns)
        return console->next_ns;
    if (peer_is_full(peer) || door->setup.engine->screen(door->population, console->vm, &screen) < 0)
        return CLOCK_NEVER;
    if (console->shown && memcmp(&screen, &console->last, sizeof(screen)) == 0)
        return CLOCK_NEVER;
    put_screen(peer, &screen);
    console->last = screen;
    console->shown = true;
    console->next_ns = now + FRAME_NS;
    return CLOCK_NEVER;
}

static void answer(struct peer *peer, uint64_t vm)
{
    peer_say(peer, json_pack("{s:b, s:I}", "ok", 1, "vm", (json_int_t)vm));
}

/* Answers the command once it is known what comes of it. False: that is not yet, or there is no console. */
static bool is_open(struct door *door, struct peer *peer, int state, bool running, struct reason *reason)
{
    struct console *console = peer->state;

    if (!console->opening || (state == 0 && running))
        return !console->opening;
    if (state == 1) {
        console->opening = false;
        answer(peer, console->vm);
        return true;
    }
    if (!running)
        door_explain(door, console->vm, reason->text, sizeof(reason->text));
    peer_refuse(peer, false, "%s", reason->text);
    end(door, peer);
    peer_end_activity(peer);
    return false;
}

static uint64_t turn(struct door *door, struct peer *peer)
{
    const struct console *console = peer->state;
    bool running = door->setup.engine->is_running(door->population, console->vm);
    struct reason reason = {""};
    uint64_t next = CLOCK_NEVER;
    int state = state_of(door, console->vm, &reason);

    if (!is_open(door, peer, state, running, &reason))
        return next;
    /* A screen's VM is not held back by what it says on its serial port. */
    pass_output_on(door, peer, !console->screen);
    if (console->screen)
        next = show_screen(door, peer);
    if ((!running || state < 0) && !peer_is_full(peer))
        finish(door, peer);
    return next;
}

static const struct activity console_activity = {.input = type, .turn = turn, .end = end};

void door_console(struct door *door, struct peer *peer, json_t *arguments)
{
    const struct engine *engine = door->setup.engine;
    json_t *vm = json_object_get(arguments, "vm");
    bool screen = json_is_true(json_object_get(arguments, "screen"));
    struct reason reason = {""};

    if (!door_take_vm(door, peer, vm))
        return;
    if (!(engine->capabilities & ENGINE_CONSOLES)) {
        peer_refuse(peer, true, "VMs of the engine %s have no console", engine->name);
        return;
    }
    if (screen && !(engine->capabilities & ENGINE_SCREENS)) {
        peer_refuse(peer, true, "VMs of the engine %s have no screen, only a serial port", engine->name);
        return;
    }
    struct console *console = calloc(1, sizeof(*console));

    if (!console) {
        peer->gone = true;
        return;
    }
    console->vm = (uint64_t)json_integer_value(vm);
    console->screen = screen;
    int error = engine->console_open(door->population, console->vm, &reason);

    if (error) {
        if (error == -ESRCH)
            door_explain(door, console->vm, reason.text, sizeof(reason.text));
        peer_refuse(peer, false, "%s", reason.text);
        free(console);
        return;
    }
    console->opening = state_of(door, console->vm, NULL) != 1;
    if (!console->opening)
        answer(peer, console->vm);
    peer_set_activity(peer, &console_activity, console);
}
