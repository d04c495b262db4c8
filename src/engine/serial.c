/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/serial.h"

#include "base/clock.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

static bool line_is_ready(struct serial *serial, const char *bytes, size_t length, const char *ready_line)
{
    for (size_t i = 0; i < length; i++) {
        char byte = bytes[i];

        if (byte != '\n') {
            if (serial->line_length < SERIAL_LINE_ROOM)
                serial->line[serial->line_length++] = byte;
            continue;
        }
        size_t line_length = serial->line_length;

        serial->line_length = 0;
        if (line_length > 0 && line_length < SERIAL_LINE_ROOM && serial->line[line_length - 1] == '\r')
            line_length--;
        if (line_length == strlen(ready_line) && memcmp(serial->line, ready_line, line_length) == 0)
            return true;
    }
    return false;
}

static void add_to_answer(struct engine_ask *ask, const char *bytes, size_t length)
{
    size_t room = ask->answer_room - 1 - ask->answer_length;

    if (length > room)
        length = room;
    memcpy(ask->answer + ask->answer_length, bytes, length);
    ask->answer_length += length;
    ask->answer[ask->answer_length] = '\0';
}

struct engine_ask *serial_end_ask(struct serial *serial, int status)
{
    struct engine_ask *ask = serial->ask;

    if (!ask)
        return NULL;
    serial->ask = NULL;
    serial->late = status != 0 || ask->late;
    ask->status = status;
    ask->answered_ns = clock_now_ns();
    return ask;
}

static enum serial_event take_piece(struct engine_ask *ask, const char *bytes, size_t length)
{
    if (ask->is_whole) {
        add_to_answer(ask, bytes, length);
        if (ask->is_whole(ask))
            return SERIAL_ANSWERED;
        return ask->answer_length + 1 == ask->answer_room ? SERIAL_NO_ROOM : SERIAL_NOTHING;
    }
    const char *end = memchr(bytes, '\n', length);

    add_to_answer(ask, bytes, end ? (size_t)(end - bytes) : length);
    return end ? SERIAL_ANSWERED : SERIAL_NOTHING;
}

enum serial_event serial_receive(struct serial *serial, const char *ready_line)
{
    char bytes[4096];

    /* A bound a call: a VM that never stops talking must not keep the others from being heard. */
    for (int turn = 0; turn < 4; turn++) {
        ssize_t got = recv(serial->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return SERIAL_NOTHING;
        if (got <= 0)
            return SERIAL_LOST;
        if (ready_line) {
            if (line_is_ready(serial, bytes, (size_t)got, ready_line))
                return SERIAL_READY;
        } else if (serial->ask) {
            enum serial_event event = take_piece(serial->ask, bytes, (size_t)got);

            if (event != SERIAL_NOTHING)
                return event;
        }
    }
    return SERIAL_NOTHING;
}

enum serial_event serial_receive_console(struct serial *serial)
{
    struct serial_console *console = serial->console;

    while (console->count < SERIAL_CONSOLE_ROOM) {
        size_t end = (console->start + console->count) % SERIAL_CONSOLE_ROOM;
        size_t room = SERIAL_CONSOLE_ROOM - console->count;

        if (room > SERIAL_CONSOLE_ROOM - end)
            room = SERIAL_CONSOLE_ROOM - end;
        ssize_t got = recv(serial->fd, console->bytes + end, room, MSG_DONTWAIT);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return SERIAL_NOTHING;
        if (got <= 0)
            return SERIAL_LOST;
        console->count += (size_t)got;
    }
    return SERIAL_NOTHING;
}

bool serial_send(struct serial *serial)
{
    struct engine_ask *ask = serial->ask;

    while (ask->sent < ask->request_length) {
        ssize_t put = send(serial->fd, ask->request + ask->sent, ask->request_length - ask->sent,
                           MSG_DONTWAIT | MSG_NOSIGNAL);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return errno != EAGAIN && errno != EWOULDBLOCK; /* a lost connection shows itself on receiving */
        ask->sent += (size_t)put;
    }
    return true;
}

bool serial_submit(struct serial *serial, struct engine_ask *ask)
{
    char stale[4096];

    for (int turn = 0; turn < 16; turn++)
        if (recv(serial->fd, stale, sizeof(stale), MSG_DONTWAIT) <= 0)
            break;
    serial->ask = ask;
    ask->late = serial->late;
    return serial_send(serial);
}
