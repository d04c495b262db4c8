/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What VMs do by themselves: announce, answer, complain, end. */
#include "engine/process_population.h"

#include "base/clock.h"
#include "host/spawn.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* A look at all children takes the kernel microseconds for hundreds of them. */
#define UNTOLD_NS (200 * NS_PER_MILLISECOND)

enum { WORDS_MOST = 600, EVENTS_AT_ONCE = 64, WORDS_AT_ONCE = 256, KIND_SHIFT = 56 };

int process_watch(struct processes *processes, int fd, enum event_kind kind, uint64_t vm, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.u64 = (uint64_t)kind << KIND_SHIFT | vm};

    return epoll_ctl(processes->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static void no_longer_booting(struct processes *processes, uint64_t vm)
{
    for (uint64_t i = 0; i < processes->counts.booting; i++) {
        if (processes->booting[i] == vm) {
            processes->booting[i] = processes->booting[--processes->counts.booting];
            return;
        }
    }
}

static void note_boot_time(struct processes *processes, double seconds)
{
    if (processes->boot_count == processes->boot_room) {
        size_t wanted = processes->boot_room ? processes->boot_room * 2 : 256;
        double *grown = realloc(processes->boot_seconds, wanted * sizeof(*grown));

        if (!grown)
            return; /* one boot time fewer in the statistics */
        processes->boot_seconds = grown;
        processes->boot_room = wanted;
    }
    processes->boot_seconds[processes->boot_count++] = seconds;
}

void process_ready(struct processes *processes, uint64_t vm)
{
    struct vm *machine = &processes->vms[vm];

    machine->state = VM_RUNNING;
    no_longer_booting(processes, vm);
    processes->counts.running++;
    if (processes->setup->ready_line)
        note_boot_time(processes, (double)(clock_now_ns() - machine->started_ns) / (double)NS_PER_SECOND);
}

static void say_failure(struct processes *processes, uint64_t vm, const char *why)
{
    const char *words = processes->vms[vm].words;

    snprintf(processes->last_failure, sizeof(processes->last_failure), "VM %llu %s%s%s",
             (unsigned long long)vm, why, words ? ": " : "", words ? words : "");
}

static void close_serial(struct processes *processes, struct vm *machine)
{
    struct engine_ask *ask = serial_end_ask(&machine->serial, -ECONNRESET);

    if (ask)
        process_ask_finished(processes, ask);
    if (machine->serial.fd >= 0)
        close(machine->serial.fd);
    machine->serial.fd = -1;
    if (machine->listener >= 0)
        close(machine->listener);
    machine->listener = -1;
}

void process_fail(struct processes *processes, uint64_t vm, const char *why)
{
    struct vm *machine = &processes->vms[vm];

    if (machine->state == VM_BOOTING) {
        machine->state = VM_FAILED;
        no_longer_booting(processes, vm);
        processes->counts.failed++;
    } else if (machine->state == VM_RUNNING) {
        machine->state = VM_DIED;
        processes->counts.running--;
        processes->counts.died++;
    } else {
        return;
    }
    machine->why = strdup(why);
    say_failure(processes, vm, why);
    close_serial(processes, machine);
    if (machine->pid > 0)
        kill(machine->pid, SIGKILL);
    if (processes->plan.outside)
        processes->plan.outside->end(processes->plan.context, processes, vm);
}

void process_outside_made(struct processes *processes, uint64_t vm)
{
    processes->vms[vm].looked_ns = clock_now_ns();
}

static uint64_t find_process(const struct processes *processes, pid_t pid)
{
    /* The newest first: it is the ones that boot which complain or end. */
    for (uint64_t vm = processes->counts.started; vm-- > 0;)
        if (processes->vms[vm].pid == pid)
            return vm;
    return UINT64_MAX;
}

static void keep_words(struct vm *machine, const char *bytes, size_t length)
{
    size_t had = machine->words ? strlen(machine->words) : 0;

    if (had + length > WORDS_MOST)
        length = had < WORDS_MOST ? WORDS_MOST - had : 0;
    char *grown = realloc(machine->words, had + length + 1);

    if (!grown)
        return;
    /* One sentence is wanted, so lines are joined, and whatever could upset a terminal is dropped. */
    size_t at = had;

    for (size_t i = 0; i < length; i++) {
        unsigned char byte = (unsigned char)bytes[i];

        if (byte == '\n' || byte == '\r')
            byte = ' ';
        if (byte == ' ' && (at == 0 || grown[at - 1] == ' '))
            continue;
        if (byte >= ' ' && byte != 127)
            grown[at++] = (char)byte;
    }
    grown[at] = '\0';
    machine->words = grown;
}

static void receive_words(struct processes *processes)
{
    char bytes[2048];
    union {
        struct cmsghdr align;
        char room[CMSG_SPACE(sizeof(struct ucred))];
    } control;

    /* A bound a call, for VMs that complain without end. */
    for (int turn = 0; turn < WORDS_AT_ONCE; turn++) {
        struct iovec vector = {.iov_base = bytes, .iov_len = sizeof(bytes)};
        struct msghdr message = {
            .msg_iov = &vector,
            .msg_iovlen = 1,
            .msg_control = &control,
            .msg_controllen = sizeof(control),
        };
        ssize_t got = recvmsg(processes->words[0], &message, MSG_DONTWAIT);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return;
        for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header;
             header = CMSG_NXTHDR(&message, header)) {
            if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_CREDENTIALS)
                continue;
            struct ucred sender;

            memcpy(&sender, CMSG_DATA(header), sizeof(sender));
            uint64_t vm = find_process(processes, sender.pid);

            if (vm != UINT64_MAX)
                keep_words(&processes->vms[vm], bytes, (size_t)got);
            else if (sender.pid == processes->server.pid)
                keep_words(&processes->server_end, bytes, (size_t)got);
        }
    }
}

static void trim_words(struct vm *machine)
{
    for (size_t length = machine->words ? strlen(machine->words) : 0;
         length > 0 && machine->words[length - 1] == ' ';)
        machine->words[--length] = '\0';
}

static void name_end(int status, char *ret_why, size_t room)
{
    if (WIFSIGNALED(status))
        snprintf(ret_why, room, "was killed by signal %d (%s)", WTERMSIG(status),
                 strsignal(WTERMSIG(status)));
    else
        snprintf(ret_why, room, "exited with status %d", WEXITSTATUS(status));
}

static void receive_deaths(struct processes *processes)
{
    struct signalfd_siginfo ignored[16];
    int status;
    pid_t pid;

    /* Several deaths may stand behind one signal, so the signals only say that there is something to wait
     * for. */
    while (read(processes->deaths, ignored, sizeof(ignored)) > 0)
        ;
    receive_words(processes);
    while ((pid = waitpid(-processes->keeper.group, &status, WNOHANG)) > 0) {
        uint64_t vm = find_process(processes, pid);
        char why[64];

        name_end(status, why, sizeof(why));
        if (pid == processes->server.pid) {
            processes->server.pid = 0;
            processes->server_end.why = strdup(why);
            trim_words(&processes->server_end);
        }
        if (vm == UINT64_MAX)
            continue;
        processes->vms[vm].pid = 0;
        trim_words(&processes->vms[vm]);
        process_fail(processes, vm, why);
    }
}

/* One signal stands for the ends of many children, and each is read by one population. */
static void look_for_untold_deaths(struct processes *processes)
{
    uint64_t now = clock_now_ns();

    if (!processes->setup->one_of_several || now < processes->next_deaths_ns)
        return;
    processes->next_deaths_ns = now + UNTOLD_NS;
    receive_deaths(processes);
}

int process_connected(struct processes *processes, uint64_t vm, int fd)
{
    processes->vms[vm].serial.fd = fd;
    return process_watch(processes, fd, EVENT_SERIAL, vm, EPOLLIN);
}

/* Where VMs are of another user, others might reach their sockets, too. */
static bool is_the_vm(const struct processes *processes, struct vm *machine, int fd)
{
    struct ucred peer;
    socklen_t room = sizeof(peer);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &room) < 0)
        return false;
    if (processes->plan.one_user && peer.uid != processes->plan.user)
        return false;
    machine->peer = peer.pid;
    return true;
}

static void accept_serial(struct processes *processes, uint64_t vm)
{
    struct vm *machine = &processes->vms[vm];
    int fd = accept4(machine->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd < 0)
        return;
    if (processes->plan.outside && !is_the_vm(processes, machine, fd)) {
        close(fd);
        return;
    }
    close(machine->listener);
    machine->listener = -1;
    if (process_connected(processes, vm, fd) < 0)
        process_fail(processes, vm, "has a serial port that cannot be watched");
}

void process_accept_waiting(struct processes *processes, uint64_t vm)
{
    if (processes->vms[vm].listener >= 0)
        accept_serial(processes, vm);
}

void process_watch_serial(struct processes *processes, uint64_t vm, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.u64 = (uint64_t)EVENT_SERIAL << KIND_SHIFT | vm};

    epoll_ctl(processes->epoll, EPOLL_CTL_MOD, processes->vms[vm].serial.fd, &event);
}

/* The process is ending, most likely; its death, with the reason, is a matter of a moment. */
static void lose_serial(struct processes *processes, uint64_t vm)
{
    close_serial(processes, &processes->vms[vm]);
    if (processes->outside_is_deaf)
        process_fail(processes, vm, "closed its serial port");
}

/* A VM with a console is heard as far as there is room for what it says; then its socket fills, and it waits.
 */
static void console_has_event(struct processes *processes, uint64_t vm)
{
    struct serial *serial = &processes->vms[vm].serial;

    if (serial_receive_console(serial) == SERIAL_LOST)
        lose_serial(processes, vm);
    else
        process_watch_serial(processes, vm, serial->console->count < SERIAL_CONSOLE_ROOM ? EPOLLIN : 0);
}

static void serial_has_event(struct processes *processes, uint64_t vm, uint32_t events)
{
    struct vm *machine = &processes->vms[vm];
    struct serial *serial = &machine->serial;

    if (serial->fd < 0)
        return;
    if (serial->console) {
        console_has_event(processes, vm);
        return;
    }
    if ((events & EPOLLOUT) && (!serial->ask || serial_send(serial)))
        process_watch_serial(processes, vm, EPOLLIN);
    if (!(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
        return;
    switch (serial_receive(serial, machine->state == VM_BOOTING ? processes->setup->ready_line : NULL)) {
    case SERIAL_NOTHING:
        break;
    case SERIAL_READY:
        process_ready(processes, vm);
        break;
    case SERIAL_ANSWERED:
        process_ask_finished(processes, serial_end_ask(serial, 0));
        break;
    case SERIAL_NO_ROOM:
        process_ask_finished(processes, serial_end_ask(serial, -EMSGSIZE));
        break;
    case SERIAL_LOST:
        lose_serial(processes, vm);
        break;
    }
}

void process_events(struct processes *processes, uint64_t until_ns)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    int count = epoll_wait(processes->epoll, events, EVENTS_AT_ONCE, clock_poll_timeout_ms(until_ns));

    for (int i = 0; i < count; i++) {
        uint64_t vm = events[i].data.u64 & ((UINT64_C(1) << KIND_SHIFT) - 1);

        switch ((enum event_kind)(events[i].data.u64 >> KIND_SHIFT)) {
        case EVENT_SERIAL:
            serial_has_event(processes, vm, events[i].events);
            break;
        case EVENT_LISTENER:
            accept_serial(processes, vm);
            break;
        case EVENT_DEATHS:
            receive_deaths(processes);
            break;
        case EVENT_WORDS:
            receive_words(processes);
            break;
        case EVENT_OUTSIDE:
            processes->plan.outside->events(processes->plan.context, processes);
            break;
        }
    }
    look_for_untold_deaths(processes);
}

static int open_words(struct processes *processes)
{
    const int on = 1;

    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, processes->words) < 0)
        return -errno;
    if (setsockopt(processes->words[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0)
        return -errno;
    processes->words[1] = spawn_descriptor(processes->words[1]);
    return processes->words[1] < 0 ? processes->words[1] : 0;
}

int process_events_open(struct processes *processes, struct reason *reason)
{
    sigset_t child;
    int error;

    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, NULL);
    processes->deaths = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    processes->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (processes->deaths < 0 || processes->epoll < 0)
        return reason_errno(reason, errno, "cannot watch VMs");
    error = open_words(processes);
    if (!error)
        error = process_watch(processes, processes->deaths, EVENT_DEATHS, 0, EPOLLIN);
    if (!error)
        error = process_watch(processes, processes->words[0], EVENT_WORDS, 0, EPOLLIN);
    return error ? reason_errno(reason, -error, "cannot watch VMs") : 0;
}

void process_events_close(struct processes *processes)
{
    const int all[] = {processes->epoll, processes->deaths, processes->words[0], processes->words[1]};
    sigset_t child;

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (all[i] >= 0)
            close(all[i]);
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_UNBLOCK, &child, NULL);
}
