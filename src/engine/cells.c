/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/cells.h"

#include "base/clock.h"
#include "base/reason.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS = 64 };

/* How long a cell may take for a reply, and how much later than its deadline it may end an ask: cells answer
 * at once, but a host may be busy. */
#define REPLY_NS (10 * NS_PER_SECOND)
#define LATE_NS  (5 * NS_PER_SECOND)

int cells_open(const struct nursery_plan *plan, uint32_t vms_each, struct cells **ret_cells,
               struct reason *reason)
{
    struct cells *cells = calloc(1, sizeof(*cells));
    int error;

    if (!cells)
        return reason_set(reason, ENOMEM, "no memory for a population");
    cells->vms_each = vms_each;
    cells->events = epoll_create1(EPOLL_CLOEXEC);
    error = cells->events < 0 ? reason_errno(reason, errno, "cannot watch worker processes")
                              : nursery_open(plan, &cells->nursery, reason);
    if (error) {
        cells_close(cells);
        return error;
    }
    *ret_cells = cells;
    return 0;
}

static void release(struct cell_link *cell)
{
    if (cell->socket >= 0)
        close(cell->socket);
    cell->socket = -1;
    free(cell->running);
    free(cell->asks);
    free(cell->tags);
}

void cells_close(struct cells *cells)
{
    if (!cells)
        return;
    for (size_t i = 0; i < cells->count; i++)
        release(&cells->list[i]);
    nursery_close(cells->nursery);
    if (cells->events >= 0)
        close(cells->events);
    free(cells->list);
    free(cells->times);
    free(cells);
}

struct cell_link *cells_find(struct cells *cells, uint64_t vm, uint32_t *ret_number)
{
    uint64_t cell = vm / cells->vms_each;

    *ret_number = (uint32_t)(vm % cells->vms_each);
    return cell < cells->count ? &cells->list[cell] : NULL;
}

static int make_link(struct cells *cells, struct cell_link *cell, struct reason *reason)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = cells->count};

    *cell = (struct cell_link){.socket = -1};
    cell->running = calloc(1, (cells->vms_each + 7) / 8);
    cell->asks = calloc(cells->vms_each, sizeof(struct engine_ask *));
    cell->tags = calloc(cells->vms_each, sizeof(*cell->tags));
    if (!cell->running || !cell->asks || !cell->tags)
        return reason_set(reason, ENOMEM, "no memory for another worker process");
    int error = nursery_spawn(cells->nursery, &cell->pid, &cell->socket, reason);

    if (!error && epoll_ctl(cells->events, EPOLL_CTL_ADD, cell->socket, &event) < 0)
        error = reason_errno(reason, errno, "cannot watch another worker process");
    return error;
}

int cells_add(struct cells *cells, struct cell_link **ret_cell, struct reason *reason)
{
    if (cells->count == cells->room) {
        size_t room = cells->room ? cells->room * 2 : 64;
        struct cell_link *wider = realloc(cells->list, room * sizeof(*wider));

        if (!wider)
            return reason_set(reason, ENOMEM, "no memory for another worker process");
        cells->list = wider;
        cells->room = room;
    }
    struct cell_link *cell = &cells->list[cells->count];
    int error = make_link(cells, cell, reason);

    if (error) {
        release(cell);
        return error;
    }
    cells->count++;
    *ret_cell = cell;
    return 0;
}

static void finish(struct cells *cells, struct cell_link *cell, uint32_t number, int status)
{
    struct engine_ask *ask = cell->asks[number];

    cell->asks[number] = NULL;
    ask->status = status;
    ask->answer[ask->answer_length] = '\0';
    ask->next = cells->finished;
    cells->finished = ask;
    cells->under_way--;
}

/* Its VMs are gone, and with them the asks to them. */
static void bury(struct cells *cells, struct cell_link *cell)
{
    struct vmm_counts *counts = &cell->state.counts;

    if (cell->socket < 0)
        return;
    close(cell->socket);
    cell->socket = -1;
    cell->growing = false;
    cell->first = NULL;
    /* What it was told to boot was begun, as far as anybody knows. */
    counts->started = cell->asked;
    counts->failed += cell->asked - counts->running - counts->failed - counts->stopped;
    counts->stopped += counts->running;
    counts->running = counts->booting = counts->runnable = 0;
    memset(cell->running, 0, (cells->vms_each + 7) / 8);
    for (uint32_t i = 0; i < cells->vms_each; i++)
        if (cell->asks[i])
            finish(cells, cell, i, -ECONNRESET);
    cells->died++;
    strcpy(cells->last_stop, "its worker process ended");
}

static void take_state(struct cells *cells, struct cell_link *cell, size_t length)
{
    const struct cell_state *state = (const void *)cells->bytes;
    bool stopped;

    if (length < sizeof(*state) || state->numbers > cells->vms_each ||
        length < sizeof(*state) + (state->numbers + 7) / 8)
        return;
    stopped =
        state->counts.failed + state->counts.stopped > cell->state.counts.failed + cell->state.counts.stopped;
    cell->state = *state;
    memcpy(cell->running, cells->bytes + sizeof(*state), (state->numbers + 7) / 8);
    if (stopped)
        memcpy(cells->last_stop, state->last_stop, sizeof(cells->last_stop));
    if (cell->growing && state->booted_tag == cell->boot_tag && state->booting == 0) {
        cell->growing = false;
        cell->asked =
            (uint32_t)state->counts.started; /* less when there was no room, or boots were taken back */
    }
}

static void take_times(struct cells *cells, size_t length)
{
    size_t count = length / sizeof(double);

    if (cells->time_count + count > cells->time_room) {
        size_t room = (cells->time_count + count) * 2;
        double *wider = realloc(cells->times, room * sizeof(*wider));

        if (!wider)
            return; /* some boot times fewer */
        cells->times = wider;
        cells->time_room = room;
    }
    memcpy(cells->times + cells->time_count, cells->bytes, count * sizeof(double));
    cells->time_count += count;
}

static void take_answer(struct cells *cells, struct cell_link *cell, const struct cell_message *message,
                        size_t length)
{
    const struct cell_answer *answer = (const void *)cells->bytes;
    struct engine_ask *ask = message->vm < cells->vms_each ? cell->asks[message->vm] : NULL;

    if (!ask || cell->tags[message->vm] != message->tag || length < sizeof(*answer))
        return; /* it was given up */
    size_t count = answer->length, most = ask->answer_room - 1;

    if (count > length - sizeof(*answer))
        count = length - sizeof(*answer);
    count = count < most ? count : most;
    memcpy(ask->answer, cells->bytes + sizeof(*answer), count);
    ask->answer_length = count;
    ask->late = answer->late;
    if (answer->answered_ns) /* 0: there was no memory for it */
        ask->answered_ns = answer->answered_ns;
    finish(cells, cell, message->vm, answer->status);
}

/* It could not begin: none of its VMs was. */
static void take_failure(struct cells *cells, struct cell_link *cell, const struct cell_message *message,
                         size_t length)
{
    size_t count = length < sizeof(cells->failed) ? length : sizeof(cells->failed);

    cells->failed_error = (int)message->value;
    memcpy(cells->failed, cells->bytes, count);
    cells->failed[sizeof(cells->failed) - 1] = '\0';
    cell->asked = 0;
    bury(cells, cell);
}

/* Takes one message. False: there is none. *ret_message is it; its bytes are in cells->bytes. */
static bool take_message(struct cells *cells, struct cell_link *cell, struct cell_message *ret_message,
                         size_t *ret_length)
{
    ssize_t length = cell->socket < 0 ? -EPIPE : cell_receive(cell->socket, ret_message, cells->bytes, 0);

    if (length == -EAGAIN)
        return false;
    if (length < 0) {
        bury(cells, cell);
        return false;
    }
    *ret_length = (size_t)length;
    switch ((enum cell_kind)ret_message->kind) {
    case CELL_STATE:
        take_state(cells, cell, (size_t)length);
        break;
    case CELL_TIMES:
        take_times(cells, (size_t)length);
        break;
    case CELL_ANSWER:
        take_answer(cells, cell, ret_message, (size_t)length);
        break;
    case CELL_FAILED:
        take_failure(cells, cell, ret_message, (size_t)length);
        break;
    default: /* replies are for whoever waits for them; news is seen by those who read consoles */
        break;
    }
    return true;
}

/* Takes all that is there and answers to no call. */
static void take_messages(struct cells *cells, struct cell_link *cell)
{
    struct cell_message message;
    size_t length;

    while (take_message(cells, cell, &message, &length))
        ;
}

static void watch_for_room(struct cells *cells, struct cell_link *cell, bool watch)
{
    struct epoll_event event = {.events = watch ? EPOLLIN | EPOLLOUT : EPOLLIN,
                                .data.u64 = (uint64_t)(cell - cells->list)};

    epoll_ctl(cells->events, EPOLL_CTL_MOD, cell->socket, &event);
}

/* False: the socket is full. */
static bool send_ask(struct cells *cells, struct cell_link *cell, const struct engine_ask *ask)
{
    uint32_t number = (uint32_t)(ask->vm % cells->vms_each);
    const struct cell_message message = {.kind = CELL_ASK,
                                         .vm = number,
                                         .tag = cell->tags[number],
                                         .value = (int64_t)ask->deadline_ns,
                                         .room = ask->answer_room};
    int error = cell_send(cell->socket, &message, ask->request, ask->request_length);

    if (error == -EAGAIN || error == -ENOBUFS)
        return false;
    if (error == -EMSGSIZE)
        finish(cells, cell, number, error);
    else if (error)
        bury(cells, cell);
    return true;
}

static void send_waiting(struct cells *cells, struct cell_link *cell)
{
    while (cell->first) {
        struct engine_ask *ask = cell->first;

        if (cell->asks[ask->vm % cells->vms_each] == ask && !send_ask(cells, cell, ask))
            return;
        if (!cell->first) /* it was buried */
            return;
        cell->first = ask->next;
    }
    if (cell->socket >= 0)
        watch_for_room(cells, cell, false);
}

void cells_ask(struct cells *cells, struct engine_ask *ask)
{
    uint32_t number;
    struct cell_link *cell = cells_find(cells, ask->vm, &number);

    ask->submitted_ns = ask->answered_ns = clock_now_ns();
    ask->answer_length = 0;
    ask->late = false;
    ask->next = NULL;
    if (!cell || cell->socket < 0 || cell->asks[number] || ask->is_whole) {
        ask->status = !cell || cell->socket < 0 ? -ECONNRESET : ask->is_whole ? -ENOTSUP : -EBUSY;
        ask->answer[0] = '\0';
        ask->next = cells->finished;
        cells->finished = ask;
        return;
    }
    cell->asks[number] = ask;
    cell->tags[number] = ++cells->tags;
    cells->under_way++;
    if (!cell->first && send_ask(cells, cell, ask))
        return;
    if (!cell->first) {
        cell->last = &cell->first;
        watch_for_room(cells, cell, true);
    }
    *cell->last = ask;
    cell->last = &ask->next;
}

static bool is_late(const struct engine_ask *ask, uint64_t now)
{
    return ask->deadline_ns < now && now - ask->deadline_ns > LATE_NS;
}

static void expire_of(struct cells *cells, struct cell_link *cell, uint64_t now)
{
    struct engine_ask **at = &cell->first;

    while (*at)
        if (is_late(*at, now))
            *at = (*at)->next;
        else
            at = &(*at)->next;
    cell->last = at;
    for (uint32_t i = 0; i < cells->vms_each; i++)
        if (cell->asks[i] && is_late(cell->asks[i], now)) {
            cell->asks[i]->answered_ns = now;
            finish(cells, cell, i, -ETIMEDOUT);
        }
}

/* A cell ends asks by their deadlines itself, unless it was stopped or is in trouble. */
static void expire(struct cells *cells)
{
    uint64_t now = clock_now_ns();

    if (cells->under_way == 0 || now < cells->expire_at)
        return;
    cells->expire_at = now + NS_PER_SECOND;
    for (size_t i = 0; i < cells->count; i++)
        if (cells->list[i].socket >= 0)
            expire_of(cells, &cells->list[i], now);
}

void cells_look(struct cells *cells, uint64_t until_ns)
{
    struct epoll_event events[EVENTS];
    int timeout = clock_poll_timeout_ms(until_ns);
    int count = epoll_wait(cells->events, events, EVENTS, timeout < 0 || timeout > 100 ? 100 : timeout);

    for (int i = 0; i < count; i++) {
        struct cell_link *cell = &cells->list[events[i].data.u64];

        take_messages(cells, cell);
        if (cell->socket >= 0 && events[i].events & EPOLLOUT)
            send_waiting(cells, cell);
    }
    expire(cells);
}

/* Sends however long it takes, up to the time of a reply. */
static int send_now(struct cell_link *cell, const struct cell_message *message, const void *bytes,
                    size_t count)
{
    uint64_t until = clock_now_ns() + REPLY_NS;

    for (;;) {
        struct pollfd file = {.fd = cell->socket, .events = POLLOUT};
        int error = cell->socket < 0 ? -ECONNRESET : cell_send(cell->socket, message, bytes, count);

        if (error != -EAGAIN && error != -ENOBUFS)
            return error == -EPIPE ? -ECONNRESET : error;
        if (clock_now_ns() >= until)
            return -ETIMEDOUT;
        poll(&file, 1, 100);
    }
}

void cells_boot(struct cells *cells, struct cell_link *cell, uint32_t count)
{
    const struct cell_message message = {.kind = CELL_BOOT, .tag = ++cells->tags, .value = count};

    cell->boot_tag = message.tag;
    cell->growing = true;
    cell->asked += count;
    if (send_now(cell, &message, NULL, 0) == 0)
        return;
    /* It may have said why it ended. */
    take_messages(cells, cell);
    bury(cells, cell);
}

void cells_cancel(struct cells *cells)
{
    const struct cell_message message = {.kind = CELL_CANCEL};

    for (size_t i = 0; i < cells->count; i++)
        if (cells->list[i].growing)
            (void)send_now(&cells->list[i], &message, NULL, 0);
}

int64_t cells_call(struct cells *cells, struct cell_link *cell, const struct cell_message *message,
                   const void *bytes, size_t count, void *ret_bytes, size_t room, size_t *ret_count)
{
    struct cell_message sent = *message, got;
    uint64_t until = clock_now_ns() + REPLY_NS;
    size_t length;
    int error;

    sent.tag = ++cells->tags;
    error = send_now(cell, &sent, bytes, count);
    while (!error) {
        struct pollfd file = {.fd = cell->socket, .events = POLLIN};

        while (take_message(cells, cell, &got, &length)) {
            if (got.kind != CELL_REPLY || got.tag != sent.tag)
                continue;
            length = length < room ? length : room;
            if (length)
                memcpy(ret_bytes, cells->bytes, length);
            if (ret_count)
                *ret_count = length;
            return got.value;
        }
        if (cell->socket < 0)
            error = -ECONNRESET;
        else if (clock_now_ns() >= until)
            error = -ETIMEDOUT;
        else
            poll(&file, 1, 100);
    }
    return error;
}
