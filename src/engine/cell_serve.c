/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The life of a cell: one thread that talks to the program, and the vmm's worker beside it. */
#include "engine/cell.h"

#include "base/clock.h"
#include "base/reason.h"

#include <errno.h>
#include <malloc.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BOOT_LOOK_MS = 5, REAP_AT_ONCE = 32, TIMES_AT_ONCE = 1024 };

struct cell {
    int socket;
    struct vmm *vmm;
    uint64_t booted_tag;
    bool growing;           /* boots are under way whose end was not told yet */
    unsigned consoles;      /* that are open */
    struct cell_state told; /* the last one */
    uint8_t bytes[CELL_BYTES];
};

/* An ask, with its bytes and the room for its answer behind it. */
struct cell_ask {
    struct vmm_request request;
    uint64_t tag;
    char bytes[];
};

/* The program is gone, or does not listen: nobody needs these VMs any more. The kernel takes them away. */
static _Noreturn void end(void)
{
    _exit(0);
}

static void say(struct cell *cell, const struct cell_message *message, const void *bytes, size_t count)
{
    if (cell_send(cell->socket, message, bytes, count) < 0)
        end();
}

/* Says why this cell cannot work, and stays until the program hangs up: what it was sent and has not read
 * would reset the socket, and the message be lost with it. */
static void fail(struct cell *cell, int error, const struct reason *reason)
{
    const struct cell_message message = {.kind = CELL_FAILED, .value = -error};
    struct cell_message heard;

    say(cell, &message, reason->text, strlen(reason->text) + 1);
    while (cell_receive(cell->socket, &heard, cell->bytes, 0) >= 0)
        ;
}

static void reply(struct cell *cell, const struct cell_message *to, int64_t value, const void *bytes,
                  size_t count)
{
    const struct cell_message message = {.kind = CELL_REPLY, .vm = to->vm, .tag = to->tag, .value = value};

    say(cell, &message, bytes, count);
}

static void answer(struct cell *cell, const struct cell_ask *ask)
{
    const struct vmm_request *request = &ask->request;
    const struct cell_message message = {.kind = CELL_ANSWER, .vm = (uint32_t)request->vm, .tag = ask->tag};
    const struct cell_answer answer = {.status = request->status,
                                       .length = (uint32_t)request->answer_length,
                                       .late = request->late,
                                       .submitted_ns = request->submitted_ns,
                                       .answered_ns = request->answered_ns};

    memcpy(cell->bytes, &answer, sizeof(answer));
    memcpy(cell->bytes + sizeof(answer), request->answer, request->answer_length);
    say(cell, &message, cell->bytes, sizeof(answer) + request->answer_length);
}

static void begin_ask(struct cell *cell, const struct cell_message *message, size_t length)
{
    /* An answer goes back in one message. */
    size_t most = CELL_BYTES - sizeof(struct cell_answer);
    size_t room = message->room < most ? (size_t)message->room : most;
    struct cell_ask *ask = malloc(sizeof(*ask) + length + room + 1);

    if (!ask) {
        const struct cell_message refused = {.kind = CELL_ANSWER, .vm = message->vm, .tag = message->tag};
        const struct cell_answer nothing = {.status = -ENOMEM};

        say(cell, &refused, &nothing, sizeof(nothing));
        return;
    }
    memcpy(ask->bytes, cell->bytes, length);
    ask->tag = message->tag;
    ask->request = (struct vmm_request){.vm = message->vm,
                                        .bytes = ask->bytes,
                                        .length = length,
                                        .answer = ask->bytes + length,
                                        .room = room ? room : 1,
                                        .deadline_ns = (uint64_t)message->value,
                                        .context = ask};
    vmm_submit(cell->vmm, &(struct vmm_request *){&ask->request}, 1);
}

static void read_console(struct cell *cell, const struct cell_message *message)
{
    size_t room = message->room < CELL_BYTES ? (size_t)message->room : CELL_BYTES;
    size_t count = vmm_console_read(cell->vmm, message->vm, cell->bytes, room);

    reply(cell, message, (int64_t)count, cell->bytes, count);
}

static void show_screen(struct cell *cell, const struct cell_message *message)
{
    struct vmm_screen screen;
    int error = vmm_screen(cell->vmm, message->vm, &screen);

    reply(cell, message, error, &screen, error ? 0 : sizeof(screen));
}

static void send_answers(struct cell *cell)
{
    struct vmm_request *requests[REAP_AT_ONCE];
    size_t count;

    while ((count = vmm_reap(cell->vmm, requests, REAP_AT_ONCE, 0)) > 0)
        for (size_t i = 0; i < count; i++) {
            struct cell_ask *ask = requests[i]->context;

            answer(cell, ask);
            free(ask);
        }
}

static void send_times(struct cell *cell)
{
    const struct cell_message message = {.kind = CELL_TIMES};
    double times[TIMES_AT_ONCE];
    size_t count;

    while ((count = vmm_take_boot_times(cell->vmm, times, TIMES_AT_ONCE)) > 0)
        say(cell, &message, times, count * sizeof(times[0]));
}

static void send_state(struct cell *cell, const struct cell_state *state)
{
    const struct cell_message message = {.kind = CELL_STATE};
    uint8_t *bits = cell->bytes + sizeof(*state);
    size_t count = (state->numbers + 7) / 8;

    memcpy(cell->bytes, state, sizeof(*state));
    memset(bits, 0, count);
    for (uint32_t i = 0; i < state->numbers; i++)
        if (vmm_is_running(cell->vmm, i))
            bits[i / 8] |= (uint8_t)(1u << (i % 8));
    say(cell, &message, cell->bytes, sizeof(*state) + count);
}

static bool is_the_same(const struct cell_state *a, const struct cell_state *b)
{
    return a->booted_tag == b->booted_tag && a->booting == b->booting &&
           a->counts.started == b->counts.started && a->counts.running == b->counts.running &&
           a->counts.failed == b->counts.failed && a->counts.stopped == b->counts.stopped;
}

/* Tells the program what it does not know yet, or all. Counters that change with every wake go along. */
static void tell(struct cell *cell, bool all)
{
    struct cell_state state = {.booted_tag = cell->booted_tag, .booting = vmm_booting(cell->vmm)};
    struct reason reason = {""};

    vmm_count(cell->vmm, &state.counts);
    state.numbers = (uint32_t)state.counts.started;
    if (!all && is_the_same(&state, &cell->told))
        return;
    if (cell->growing && state.booting == 0) {
        cell->growing = false;
        send_times(cell);
    }
    vmm_usage(cell->vmm, &state.usage);
    state.exhausted_error = vmm_exhausted(cell->vmm, &reason);
    snprintf(state.exhausted, sizeof(state.exhausted), "%s", reason.text);
    vmm_last_stop(cell->vmm, state.last_stop, sizeof(state.last_stop));
    send_state(cell, &state);
    cell->told = state;
}

static void explain(struct cell *cell, const struct cell_message *message)
{
    char text[CELL_STOP_ROOM];

    vmm_explain(cell->vmm, message->vm, text, sizeof(text));
    reply(cell, message, 0, text, strlen(text) + 1);
}

static void obey(struct cell *cell, const struct cell_message *message, size_t length)
{
    struct vmm *vmm = cell->vmm;
    int64_t result;

    switch ((enum cell_kind)message->kind) {
    case CELL_BOOT:
        cell->booted_tag = message->tag;
        cell->growing = true;
        vmm_boot(vmm, (uint64_t)message->value);
        break;
    case CELL_CANCEL:
        vmm_boot_cancel(vmm);
        break;
    case CELL_ASK:
        begin_ask(cell, message, length);
        break;
    case CELL_COUNT:
        tell(cell, true);
        reply(cell, message, 0, NULL, 0);
        break;
    case CELL_EXPLAIN:
        explain(cell, message);
        break;
    case CELL_CONSOLE_OPEN:
        result = vmm_console_open(vmm, message->vm);
        cell->consoles += result == 0;
        reply(cell, message, result, NULL, 0);
        break;
    case CELL_CONSOLE_CLOSE:
        vmm_console_close(vmm, message->vm);
        cell->consoles -= cell->consoles > 0;
        reply(cell, message, 0, NULL, 0);
        break;
    case CELL_CONSOLE_READ:
        read_console(cell, message);
        break;
    case CELL_CONSOLE_WRITE:
        reply(cell, message, (int64_t)vmm_console_write(vmm, message->vm, cell->bytes, length), NULL, 0);
        break;
    case CELL_CONSOLE_PRESS:
        reply(cell, message, (int64_t)vmm_console_press(vmm, message->vm, cell->bytes, length), NULL, 0);
        break;
    case CELL_SCREEN:
        show_screen(cell, message);
        break;
    default:
        end();
    }
}

static void listen_to(struct cell *cell)
{
    struct cell_message message;

    for (;;) {
        ssize_t length = cell_receive(cell->socket, &message, cell->bytes, MSG_DONTWAIT);

        if (length == -EAGAIN)
            return;
        if (length < 0)
            end();
        obey(cell, &message, (size_t)length);
    }
}

static void live(struct cell *cell)
{
    const struct cell_message news = {.kind = CELL_NEWS};
    struct pollfd files[] = {{.fd = cell->socket, .events = POLLIN},
                             {.fd = vmm_descriptor(cell->vmm), .events = POLLIN}};

    for (;;) {
        poll(files, 2, cell->growing ? BOOT_LOOK_MS : -1);
        if (files[0].revents)
            listen_to(cell);
        if (files[1].revents) {
            vmm_clear(cell->vmm);
            if (cell->consoles)
                say(cell, &news, NULL, 0);
        }
        send_answers(cell);
        tell(cell, false);
    }
}

void cell_serve(int socket, void *plan)
{
    const struct cell_plan *made_from = plan;
    struct reason reason = {""};
    struct cell *cell;

    mallopt(M_ARENA_MAX, 1); /* one heap for both threads */
    cell = calloc(1, sizeof(*cell));
    if (!cell)
        return;
    cell->socket = socket;
    int error = vmm_open_seed(&made_from->options, made_from->seed, &cell->vmm, &reason);

    if (!error && vmm_descriptor(cell->vmm) < 0)
        error = reason_errno(&reason, -vmm_descriptor(cell->vmm), "cannot make a descriptor for VMs");
    if (error)
        fail(cell, error, &reason);
    else
        live(cell);
}
