/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The loop of the door. */
#include "door/server.h"

#include "base/clock.h"
#include "door/address.h"
#include "result/json.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

/* A client without a command to its name for this long makes room for others. */
#define PEER_IDLE_NS (30 * NS_PER_SECOND)
/* VMs that were still booting when growth ended are looked at this often. */
#define BOOTING_NS (50 * NS_PER_MILLISECOND)

enum { REAP_AT_ONCE = 256, REAPS_A_TURN = 16, BACKLOG = 64 };

static sigset_t end_signals(void)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    return set;
}

void door_hold_signals(void)
{
    sigset_t signals = end_signals();

    sigprocmask(SIG_BLOCK, &signals, NULL);
}

int door_open(const struct door_setup *setup, struct door **ret_door, struct reason *reason)
{
    struct door *door = calloc(1, sizeof(*door));
    sigset_t signals = end_signals();
    int error = 0;

    if (!door)
        return reason_set(reason, ENOMEM, "no memory for the control socket");
    door->setup = *setup;
    if (getrandom(&door->random.state, sizeof(door->random.state), 0) < 0)
        door->random.state = clock_now_ns();
    door->listener = door_listen(setup->directory->fd, RUN_CONTROL, BACKLOG);
    if (door->listener < 0)
        error = reason_errno(reason, -door->listener, "cannot make the socket %s/%s", setup->directory->path,
                             RUN_CONTROL);
    if (!setup->engine->live)
        door->asked = calloc(1, sizeof(*door->asked));
    door->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
    door_hold_signals();
    door->signals = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (!error && door->signals < 0)
        error = reason_errno(reason, errno, "cannot wait for signals");
    if (!error && setup->gate)
        error = gate_open(setup->gate, &door->gate, reason);
    if (error) {
        door_close(door);
        return error;
    }
    *ret_door = door;
    return 0;
}

void door_note_stop(struct door *door, enum stop why, const char *sentence)
{
    door->stopped_by = why;
    snprintf(door->stop_sentence, sizeof(door->stop_sentence), "%s", sentence);
}

void door_add_asker(struct door *door, struct asker *asker)
{
    asker->previous = NULL;
    asker->next = door->askers;
    if (asker->next)
        asker->next->previous = asker;
    door->askers = asker;
}

void door_remove_asker(struct door *door, struct asker *asker)
{
    *(asker->previous ? &asker->previous->next : &door->askers) = asker->next;
    if (asker->next)
        asker->next->previous = asker->previous;
    asker->free(asker);
}

static void greet(struct door *door, struct peer *peer)
{
    peer_say(peer, json_pack("{s:i, s:s, s:s}", "mvm-control", DOOR_PROTOCOL, "run",
                             door->setup.directory->name, "version", MVM_VERSION));
}

/* No descriptor is left for a client, who would else knock for ever: one was kept to let it in and out again.
 */
static void turn_away(struct door *door)
{
    close(door->spare);
    int fd = accept4(door->listener, NULL, NULL, SOCK_CLOEXEC);

    if (fd >= 0)
        close(fd);
    door->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void accept_peer(struct door *door)
{
    int fd = accept4(door->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct ucred client;
    socklen_t size = sizeof(client);

    if (fd < 0 && (errno == EMFILE || errno == ENFILE))
        turn_away(door);
    if (fd < 0)
        return;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &client, &size) < 0 ||
        (client.uid != geteuid() && client.uid != 0)) {
        close(fd);
        return;
    }
    struct peer *peer = peer_create(fd);

    if (!peer)
        return;
    if (door->peer_count == PEERS_MOST) {
        peer_refuse(peer, false, "the run %s serves %d clients already", door->setup.directory->name,
                    PEERS_MOST);
        peer_flush(peer);
        peer_free(peer);
        return;
    }
    greet(door, peer);
    door->peers[door->peer_count++] = peer;
}

static void end_activity(struct door *door, struct peer *peer)
{
    if (peer->activity)
        peer->activity->end(door, peer);
    peer_set_activity(peer, NULL, NULL);
}

static void drop_peer(struct door *door, size_t index)
{
    struct peer *peer = door->peers[index];

    door->peers[index] = door->peers[--door->peer_count];
    end_activity(door, peer);
    peer_free(peer);
}

static bool wants_input(const struct peer *peer)
{
    return !peer->closing && !peer->input_ended && peer->in_count < PEER_LINE_MOST &&
           (!peer->activity || peer->activity->input) && !peer_is_full(peer);
}

static void eat(struct peer *peer, size_t count)
{
    peer->in_count -= count;
    memmove(peer->in, peer->in + count, peer->in_count);
}

/* Executes what the client sent, as far as it can be now. */
static void take_input(struct door *door, struct peer *peer)
{
    while (!peer->gone && !peer->closing && peer->in_count > 0 && !peer_is_full(peer)) {
        if (peer->activity) {
            size_t taken =
                peer->activity->input ? peer->activity->input(door, peer, peer->in, peer->in_count) : 0;

            eat(peer, taken);
            if (taken == 0)
                return;
            continue;
        }
        uint8_t *end = memchr(peer->in, '\n', peer->in_count);

        if (!end && peer->in_count == PEER_LINE_MOST) {
            peer_refuse(peer, true, "a command has at most %d bytes", PEER_LINE_MOST);
            peer->closing = true;
        }
        if (!end)
            return;
        size_t length = (size_t)(end - peer->in);

        peer->since_ns = clock_now_ns();
        door_command(door, peer, (const char *)peer->in, length);
        eat(peer, length + 1);
    }
}

static bool is_over(const struct peer *peer)
{
    if (peer->gone)
        return true;
    if (peer->out_count > 0 || peer->activity)
        return false;
    return peer->closing || (peer->input_ended && !memchr(peer->in, '\n', peer->in_count)) ||
           clock_now_ns() - peer->since_ns >= PEER_IDLE_NS;
}

/* One turn for every client; returns when the next one is due if nothing happens before. */
static uint64_t serve_peers(struct door *door)
{
    uint64_t next = CLOCK_NEVER;

    for (size_t i = door->peer_count; i-- > 0;) {
        struct peer *peer = door->peers[i];
        uint64_t due = CLOCK_NEVER;

        take_input(door, peer);
        if (!peer->gone && peer->activity && peer->activity->turn)
            due = peer->activity->turn(door, peer);
        /* An activity that ended in its turn leaves commands that wait. */
        take_input(door, peer);
        bool was_full = peer_is_full(peer);

        peer_flush(peer);
        if (is_over(peer)) {
            drop_peer(door, i);
            continue;
        }
        /* What paused for want of room goes on: no event would come for it. */
        if (was_full && !peer_is_full(peer))
            due = 0;
        if (!peer->activity && peer->since_ns + PEER_IDLE_NS < due)
            due = peer->since_ns + PEER_IDLE_NS;
        if (due < next)
            next = due;
    }
    return next;
}

static void read_signals(struct door *door)
{
    struct signalfd_siginfo info;

    while (read(door->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
        if (door->end == DOOR_OPEN)
            door->end = DOOR_INTERRUPTED;
}

/* Waits until `until_ns` at most for something to happen, and notes what did. True: the engine may have news.
 */
static bool wait_for_events(struct door *door, uint64_t until_ns)
{
    struct pollfd files[PEERS_MOST + 3 + GATE_DESCRIPTORS];
    size_t count = door->peer_count, peers = count;
    int gate[GATE_DESCRIPTORS];

    for (size_t i = 0; i < peers; i++) {
        struct peer *peer = door->peers[i];

        files[i] = (struct pollfd){.fd = peer->fd};
        if (wants_input(peer))
            files[i].events |= POLLIN;
        if (peer->out_count > 0)
            files[i].events |= POLLOUT;
    }
    files[count++] = (struct pollfd){.fd = door->signals, .events = POLLIN};
    files[count++] = (struct pollfd){.fd = door->listener, .events = POLLIN};
    files[count++] = (struct pollfd){
        .fd = door->population ? door->setup.engine->descriptor(door->population) : -1, .events = POLLIN};
    gate_descriptors(door->gate, gate);
    for (size_t i = 0; i < GATE_DESCRIPTORS; i++)
        files[count++] = (struct pollfd){.fd = gate[i], .events = POLLIN};
    if (poll(files, count, clock_poll_timeout_ms(until_ns)) <= 0)
        return false;
    for (size_t i = 0; i < peers; i++) {
        struct peer *peer = door->peers[i];

        if (files[i].revents & POLLIN)
            peer_read(peer);
        else if (files[i].revents & (POLLHUP | POLLERR | POLLNVAL))
            peer->gone = true;
    }
    if (files[peers].revents)
        read_signals(door);
    if (files[peers + 1].revents)
        accept_peer(door);
    return files[peers + 2].revents != 0;
}

static void note_ask(struct door *door, const struct engine_ask *ask)
{
    tally_ask(&door->tally, ask);
    /* What never went to its VM is no doing of it. */
    if (door->asked && (ask->status == 0 || ask->status == -ETIMEDOUT))
        activity_note(door->asked, ask->vm, ask->vm, ask->answered_ns, 0);
}

/* Hands finished asks to who asked. True: there may be more. */
static bool take_answers(struct door *door)
{
    struct engine_ask *done[REAP_AT_ONCE];

    for (int i = 0; i < REAPS_A_TURN; i++) {
        size_t count = door->setup.engine->reap(door->population, done, REAP_AT_ONCE, 0);

        for (size_t k = 0; k < count; k++) {
            struct asker *asker = done[k]->context;

            note_ask(door, done[k]);
            asker->answered(door, asker, done[k]);
        }
        if (count == 0)
            return false;
    }
    return true;
}

bool door_poll(struct door *door, const struct engine_counts *counts)
{
    if (counts) {
        door->counts = *counts;
        snprintf(door->last_failure, sizeof(door->last_failure), "%s", counts->last_failure);
        door->counts.last_failure = door->last_failure;
    }
    wait_for_events(door, 0);
    serve_peers(door);
    return door->end == DOOR_OPEN;
}

int door_let_in(struct door *door, struct population *population, struct reason *reason)
{
    door->population = population;
    return door->gate ? gate_serve(door->gate, door, population, door_numbers(door), reason) : 0;
}

const struct gate *door_gate(const struct door *door)
{
    return door->gate;
}

enum door_end door_serve(struct door *door, struct population *population)
{
    const struct engine *engine = door->setup.engine;
    bool more = true, news = true;
    uint64_t next = 0, due;

    door->population = population;
    if (door->asked)
        activity_fit(door->asked, door_numbers(door));
    while (door->end == DOOR_OPEN) {
        struct engine_counts counts;

        engine->counts(population, &counts);
        if (counts.booting > 0 && clock_now_ns() + BOOTING_NS < next)
            next = clock_now_ns() + BOOTING_NS;
        news = wait_for_events(door, more || door->submitted ? 0 : next) || door->submitted;
        if (news || counts.booting > 0)
            engine->wait(population, 0);
        door->submitted = false;
        more = take_answers(door);
        next = serve_peers(door);
        due = gate_turn(door->gate, news || more);
        next = due < next ? due : next;
    }
    return door->end;
}

void door_say_goodbye(struct door *door)
{
    gate_stop(door->gate);
    for (size_t i = door->peer_count; i-- > 0;) {
        struct peer *peer = door->peers[i];

        end_activity(door, peer);
        peer_flush(peer);
    }
    door->population = NULL;
}

void door_close(struct door *door)
{
    sigset_t signals = end_signals();

    if (!door)
        return;
    /* Before those are told who wait for the end of all: its sockets and routes are to be gone then. */
    gate_close(door->gate);
    while (door->peer_count > 0)
        drop_peer(door, door->peer_count - 1);
    while (door->askers)
        door_remove_asker(door, door->askers);
    live_host_close(door->live_host);
    free(door->asked);
    if (door->listener >= 0)
        close(door->listener);
    if (door->spare >= 0)
        close(door->spare);
    if (door->signals >= 0) {
        read_signals(door); /* what came while VMs were ended has been heeded */
        close(door->signals);
    }
    sigprocmask(SIG_UNBLOCK, &signals, NULL);
    free(door);
}
