/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "door/call.h"

#include "base/clock.h"
#include "base/reason.h"
#include "door/address.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINE_MOST = 16 * 1024 * 1024 };

static int connect_to(struct runs *runs, const char *run, struct reason *reason)
{
    int directory = openat(runs->fd, run, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (directory < 0)
        return errno == ENOENT
                   ? reason_set(reason, ENOENT, "there is no run '%s'; 'mvm ls' lists the runs", run)
                   : reason_errno(reason, errno, "cannot use %s/%s", runs->path, run);
    int fd = door_connect(directory, RUN_CONTROL);
    bool none = fd == -ECONNREFUSED || fd == -ENOENT, dead = none && !run_lives(directory);

    close(directory);
    if (none && !dead)
        return reason_set(reason, EAGAIN, "the run %s is only just beginning, or ending", run);
    if (dead)
        return reason_set(reason, ECONNREFUSED,
                          "the run %s has died; 'mvm stop --run %s' removes what it left", run, run);
    return fd < 0 ? reason_errno(reason, -fd, "cannot connect to the run %s", run) : fd;
}

int call_open(struct runs *runs, const char *run, uint64_t patience_ns, struct call *ret_call,
              struct reason *reason)
{
    struct call call = {.fd = connect_to(runs, run, reason)};
    json_t *greeting;

    if (call.fd < 0)
        return call.fd;
    snprintf(call.run, sizeof(call.run), "%s", run);
    int error = call_receive(&call, patience_ns, &greeting, reason);

    if (!error) {
        json_int_t version = json_integer_value(json_object_get(greeting, "mvm-control"));

        if (version != DOOR_PROTOCOL)
            error = reason_set(
                reason, EPROTO,
                "the run %s was started by another version of mvm: it speaks version %lld of the control "
                "protocol, and this mvm version %d",
                run, (long long)version, DOOR_PROTOCOL);
        json_decref(greeting);
    }
    if (error)
        call_close(&call);
    else
        *ret_call = call;
    return error;
}

void call_close(struct call *call)
{
    if (call->fd >= 0)
        close(call->fd);
    free(call->in);
    *call = (struct call){.fd = -1};
}

int call_send(struct call *call, json_t *command, struct reason *reason)
{
    char *text = command ? json_dumps(command, JSON_COMPACT) : NULL;
    size_t length = text ? strlen(text) : 0, sent = 0;

    json_decref(command);
    if (!text)
        return reason_set(reason, ENOMEM, "no memory for a command");
    text[length++] = '\n'; /* in the NUL's place */
    while (sent < length) {
        ssize_t put = send(call->fd, text + sent, length - sent, MSG_NOSIGNAL);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            break;
        sent += (size_t)put;
    }
    free(text);
    return sent == length ? 0 : reason_set(reason, ECONNRESET, "the run %s has ended", call->run);
}

static int receive_more(struct call *call, uint64_t until_ns, struct reason *reason)
{
    if (call->in_count == call->in_room) {
        size_t room = call->in_room ? call->in_room * 2 : 4096;
        char *grown = room <= LINE_MOST ? realloc(call->in, room) : NULL;

        if (!grown)
            return reason_set(reason, ENOMEM, "the run %s says more than can be taken", call->run);
        call->in = grown;
        call->in_room = room;
    }
    struct pollfd file = {.fd = call->fd, .events = POLLIN};
    int ready = poll(&file, 1, clock_poll_timeout_ms(until_ns));

    if (ready == 0)
        return reason_set(reason, ETIMEDOUT, "the run %s does not answer", call->run);
    if (ready < 0)
        return errno == EINTR ? -EINTR : reason_errno(reason, errno, "cannot wait for the run %s", call->run);
    ssize_t got = recv(call->fd, call->in + call->in_count, call->in_room - call->in_count, 0);

    if (got < 0 && errno == EINTR)
        return 0;
    if (got <= 0)
        return reason_set(reason, ECONNRESET, "the run %s has ended", call->run);
    call->in_count += (size_t)got;
    return 0;
}

/* An answer that is a refusal becomes an error. */
static int judge(const json_t *line, struct reason *reason)
{
    const json_t *ok = json_object_get(line, "ok");
    const char *sentence = json_string_value(json_object_get(line, "error"));

    if (!json_is_false(ok))
        return 0;
    return reason_set(reason, json_is_true(json_object_get(line, "usage")) ? EINVAL : EREMOTEIO, "%s",
                      sentence ? sentence : "the run refused, and did not say why");
}

int call_receive(struct call *call, uint64_t patience_ns, json_t **ret_line, struct reason *reason)
{
    uint64_t until = patience_ns == CLOCK_NEVER ? CLOCK_NEVER : clock_now_ns() + patience_ns;
    char *end;

    while (!(end = call->in_count ? memchr(call->in, '\n', call->in_count) : NULL)) {
        int error = receive_more(call, until, reason);

        if (error)
            return error;
    }
    size_t length = (size_t)(end - call->in);
    json_error_t trouble;
    json_t *line = json_loadb(call->in, length, JSON_ALLOW_NUL, &trouble);
    int error =
        line ? judge(line, reason)
             : reason_set(reason, EPROTO, "the run %s says what is no JSON: %.200s", call->run, trouble.text);

    call->in_count -= length + 1;
    memmove(call->in, end + 1, call->in_count);
    if (error)
        json_decref(line);
    else
        *ret_line = line;
    return error;
}

int call_do(struct call *call, json_t *command, uint64_t patience_ns, json_t **ret_answer,
            struct reason *reason)
{
    int error = call_send(call, command, reason);

    return error ? error : call_receive(call, patience_ns, ret_answer, reason);
}
