/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Asks to VMs that are processes: submit, reap, deadlines. */
#include "engine/process_population.h"

#include "base/clock.h"

#include <errno.h>
#include <sys/epoll.h>

void process_ask_finished(struct processes *processes, struct engine_ask *ask)
{
    processes->asks_under_way--;
    ask->next = NULL;
    *processes->finished_end = ask;
    processes->finished_end = &ask->next;
}

static void refuse(struct processes *processes, struct engine_ask *ask, int status)
{
    ask->status = status;
    ask->answered_ns = ask->submitted_ns;
    process_ask_finished(processes, ask);
}

static void submit(struct processes *processes, struct engine_ask *ask)
{
    ask->status = 0;
    ask->late = false;
    ask->sent = 0;
    ask->answer_length = 0;
    ask->answer[0] = '\0';
    ask->submitted_ns = clock_now_ns();
    processes->asks_under_way++;
    if (ask->vm >= processes->counts.started || processes->vms[ask->vm].state != VM_RUNNING ||
        processes->vms[ask->vm].serial.fd < 0) {
        refuse(processes, ask, -ECONNRESET);
        return;
    }
    struct serial *serial = &processes->vms[ask->vm].serial;

    if (serial->ask || serial->console) {
        refuse(processes, ask, -EBUSY);
        return;
    }
    if (ask->deadline_ns < processes->next_deadline_ns)
        processes->next_deadline_ns = ask->deadline_ns;
    if (!serial_submit(serial, ask))
        process_watch_serial(processes, ask->vm, EPOLLIN | EPOLLOUT);
}

void processes_submit(struct population *population, struct engine_ask *const *asks, size_t count)
{
    struct processes *processes = (struct processes *)population;

    for (size_t i = 0; i < count; i++)
        submit(processes, asks[i]);
}

void process_expire_asks(struct processes *processes)
{
    uint64_t now = clock_now_ns(), next = CLOCK_NEVER;

    if (now < processes->next_deadline_ns)
        return;
    for (uint64_t vm = 0; vm < processes->counts.started; vm++) {
        struct serial *serial = &processes->vms[vm].serial;

        if (!serial->ask)
            continue;
        if (serial->ask->deadline_ns <= now)
            process_ask_finished(processes, serial_end_ask(serial, -ETIMEDOUT));
        else if (serial->ask->deadline_ns < next)
            next = serial->ask->deadline_ns;
    }
    processes->next_deadline_ns = next;
}

static size_t take_finished(struct processes *processes, struct engine_ask **ret_asks, size_t room)
{
    size_t count = 0;

    while (count < room && processes->finished) {
        ret_asks[count++] = processes->finished;
        processes->finished = processes->finished->next;
    }
    if (!processes->finished)
        processes->finished_end = &processes->finished;
    return count;
}

size_t processes_reap(struct population *population, struct engine_ask **ret_asks, size_t room,
                      uint64_t until_ns)
{
    struct processes *processes = (struct processes *)population;

    for (;;) {
        process_expire_asks(processes);
        size_t count = take_finished(processes, ret_asks, room);

        if (count > 0 || processes->asks_under_way == 0)
            return count;
        uint64_t until = until_ns < processes->next_deadline_ns ? until_ns : processes->next_deadline_ns;

        process_events(processes, until);
        if (!processes->finished && clock_now_ns() >= until_ns) {
            process_expire_asks(processes);
            return take_finished(processes, ret_asks, room);
        }
    }
}
