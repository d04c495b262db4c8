/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Consoles of VMs that are processes: the VM's serial socket, with a buffer for what it sends. */
#include "engine/process_population.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

static struct serial *serial_of(struct population *population, uint64_t vm)
{
    struct processes *processes = (struct processes *)population;

    return vm < processes->counts.started ? &processes->vms[vm].serial : NULL;
}

int processes_console_open(struct population *population, uint64_t vm, struct reason *reason)
{
    struct processes *processes = (struct processes *)population;
    struct serial *serial = serial_of(population, vm);

    if (!serial || processes->vms[vm].state != VM_RUNNING || serial->fd < 0)
        return reason_set(reason, ESRCH, "VM %llu is not running", (unsigned long long)vm);
    if (serial->ask || serial->console)
        return reason_set(reason, EBUSY, "VM %llu is busy: a question to it or another console is open",
                          (unsigned long long)vm);
    serial->console = calloc(1, sizeof(*serial->console));
    return serial->console ? 0 : reason_set(reason, ENOMEM, "no memory for a console");
}

void processes_console_close(struct population *population, uint64_t vm)
{
    struct serial *serial = serial_of(population, vm);

    if (!serial || !serial->console)
        return;
    free(serial->console);
    serial->console = NULL;
    if (serial->fd >= 0)
        process_watch_serial((struct processes *)population, vm, EPOLLIN);
}

size_t processes_console_read(struct population *population, uint64_t vm, uint8_t *ret_bytes, size_t room)
{
    struct serial *serial = serial_of(population, vm);
    struct serial_console *console = serial ? serial->console : NULL;
    bool was_full = console && console->count == SERIAL_CONSOLE_ROOM;
    size_t taken = 0;

    while (console && console->count > 0 && taken < room) {
        size_t piece = SERIAL_CONSOLE_ROOM - console->start;

        if (piece > console->count)
            piece = console->count;
        if (piece > room - taken)
            piece = room - taken;
        memcpy(ret_bytes + taken, console->bytes + console->start, piece);
        taken += piece;
        console->count -= piece;
        console->start = (console->start + piece) % SERIAL_CONSOLE_ROOM;
    }
    if (was_full && taken > 0 && serial->fd >= 0)
        process_watch_serial((struct processes *)population, vm, EPOLLIN);
    return taken;
}

size_t processes_console_write(struct population *population, uint64_t vm, const uint8_t *bytes, size_t count)
{
    struct serial *serial = serial_of(population, vm);
    size_t sent = 0;

    while (serial && serial->console && serial->fd >= 0 && sent < count) {
        ssize_t put = send(serial->fd, bytes + sent, count - sent, MSG_DONTWAIT | MSG_NOSIGNAL);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0) {
            /* The event comes when there is room again. */
            process_watch_serial((struct processes *)population, vm,
                                 EPOLLOUT | (serial->console->count < SERIAL_CONSOLE_ROOM ? EPOLLIN : 0));
            break;
        }
        sent += (size_t)put;
    }
    return sent;
}
