/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/capture.h"

#include "base/reason.h"
#include "host/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a program prints that nobody expects to print more. */
#define OUTPUT_MOST (UINT64_C(1) << 30)

static int find(const char *name, char **ret_path, struct reason *reason)
{
    static const char *const more[] = {"/usr/sbin", "/sbin"};
    int error = program_find(name, ret_path, reason);

    for (size_t i = 0; error && !strchr(name, '/') && i < sizeof(more) / sizeof(more[0]); i++) {
        char path[256];

        snprintf(path, sizeof(path), "%s/%s", more[i], name);
        if (program_find(path, ret_path, NULL) == 0)
            return 0;
    }
    return error;
}

/* Appends what can be read at once. 0 at the end, 1 when more may come, -errno. */
static int take_output(int fd, struct captured *captured, size_t *room)
{
    if (captured->length + 1 >= *room) {
        size_t wanted = *room ? *room * 2 : 65536;
        char *grown = wanted > OUTPUT_MOST ? NULL : realloc(captured->output, wanted);

        if (!grown)
            return -ENOMEM;
        captured->output = grown;
        *room = wanted;
    }
    ssize_t got = read(fd, captured->output + captured->length, *room - captured->length - 1);

    if (got < 0)
        return errno == EINTR ? 1 : -errno;
    captured->length += (size_t)got;
    return got > 0;
}

/* Keeps the last line. `line` gathers what is not yet a whole one. */
static int take_complaint(int fd, struct captured *captured, char *line, size_t room)
{
    char block[4096];
    ssize_t got = read(fd, block, sizeof(block));

    if (got < 0)
        return errno == EINTR ? 1 : -errno;
    for (ssize_t i = 0; i < got; i++) {
        size_t length = strlen(line);

        if (block[i] == '\n' || block[i] == '\r') {
            if (length)
                snprintf(captured->complaint, sizeof(captured->complaint), "%s", line);
            line[0] = '\0';
        } else if (block[i] && length + 1 < room) {
            line[length] = block[i];
            line[length + 1] = '\0';
        }
    }
    if (got == 0 && line[0])
        snprintf(captured->complaint, sizeof(captured->complaint), "%s", line);
    return got > 0;
}

static int gather(int output, int complaint, int stop, struct captured *captured, struct reason *reason)
{
    struct pollfd polled[] = {{.fd = output, .events = POLLIN},
                              {.fd = complaint, .events = POLLIN},
                              {.fd = stop, .events = POLLIN}};
    char line[sizeof(captured->complaint)] = "";
    size_t room = 0;
    int error = 0;

    while (!error && (polled[0].fd >= 0 || polled[1].fd >= 0)) {
        if (poll(polled, 3, -1) < 0 && errno != EINTR)
            return reason_errno(reason, errno, "cannot wait for a program");
        if (polled[2].revents)
            return reason_set(reason, EINTR, "interrupted");
        int more = polled[0].revents ? take_output(output, captured, &room) : 1;

        if (more == 0)
            polled[0].fd = -1;
        error = more < 0 ? more : 0;
        more = polled[1].revents ? take_complaint(complaint, captured, line, sizeof(line)) : 1;
        if (more == 0)
            polled[1].fd = -1;
        error = more < 0 ? more : error;
        polled[0].revents = polled[1].revents = 0;
    }
    return error ? reason_errno(reason, -error, "cannot read what a program prints") : 0;
}

int capture(const char *const *arguments, int stop, struct captured *ret_captured, struct reason *reason)
{
    struct captured captured = {.output = NULL};
    int output[2] = {-1, -1}, complaint[2] = {-1, -1}, status = 0, error;
    char *program = NULL;
    pid_t pid = -1;

    error = find(arguments[0], &program, reason);
    if (!error && (pipe2(output, O_CLOEXEC) < 0 || pipe2(complaint, O_CLOEXEC) < 0))
        error = reason_errno(reason, errno, "cannot make a pipe");
    if (!error) {
        output[1] = spawn_descriptor(output[1]);
        complaint[1] = spawn_descriptor(complaint[1]);

        const struct spawn spawn = {
            .program = program,
            .arguments = (char *const *)arguments,
            .group = 0,
            .standard_input = -1,
            .standard_output = output[1],
            .standard_error = complaint[1],
            .extra = -1,
        };

        pid = spawn_process(&spawn, reason);
        error = pid < 0 ? (int)pid : 0;
    }
    if (output[1] >= 0)
        close(output[1]);
    if (complaint[1] >= 0)
        close(complaint[1]);
    if (!error)
        error = gather(output[0], complaint[0], stop, &captured, reason);
    if (pid > 0) {
        if (error)
            kill(-pid, SIGKILL);
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
    }
    if (output[0] >= 0)
        close(output[0]);
    if (complaint[0] >= 0)
        close(complaint[0]);
    free(program);
    if (error) {
        free(captured.output);
        return error;
    }
    captured.output[captured.length] = '\0';
    captured.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    *ret_captured = captured;
    return 0;
}

int capture_success(const char *const *arguments, int stop, struct captured *ret_captured,
                    struct reason *reason)
{
    struct captured captured;
    int error = capture(arguments, stop, &captured, reason);

    if (error)
        return error;
    if (captured.status != 0) {
        size_t named = strlen(arguments[0]);
        bool names_itself =
            strncmp(captured.complaint, arguments[0], named) == 0 && captured.complaint[named] == ':';

        if (captured.complaint[0])
            error = reason_set(reason, EIO, "%s%s%s", names_itself ? "" : arguments[0],
                               names_itself ? "" : ": ", captured.complaint);
        else
            error = reason_set(reason, EIO, "%s ended with exit status %d", arguments[0], captured.status);
        captured_release(&captured);
        return error;
    }
    *ret_captured = captured;
    return 0;
}

void captured_release(struct captured *captured)
{
    free(captured->output);
    captured->output = NULL;
}
