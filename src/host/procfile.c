/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/procfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int open_with(const char *root, const char *path, int flags)
{
    char whole[PROCFILE_PATH];

    if ((size_t)snprintf(whole, sizeof(whole), "%s%s", root, path) >= sizeof(whole))
        return -ENAMETOOLONG;

    int fd = open(whole, flags | O_CLOEXEC);

    return fd < 0 ? -errno : fd;
}

int procfile_open(const char *root, const char *path)
{
    return open_with(root, path, O_RDONLY);
}

static ssize_t read_at(int fd, char *buffer, size_t room, off_t offset)
{
    ssize_t got;

    do {
        got = pread(fd, buffer, room, offset);
    } while (got < 0 && errno == EINTR);
    return got < 0 ? -errno : got;
}

int procfile_each_line(int fd, char *buffer, size_t room, bool (*take)(void *context, const char *line),
                       void *context)
{
    size_t held = 0;
    off_t offset = 0;
    bool skipping = false; /* the rest of a line that did not fit */

    for (;;) {
        ssize_t got = read_at(fd, buffer + held, room - held - 1, offset);

        if (got < 0)
            return (int)got;
        offset += got;
        held += (size_t)got;
        buffer[held] = '\0';

        char *line = buffer, *end = buffer + held;

        while (line < end) {
            char *newline = memchr(line, '\n', (size_t)(end - line));

            if (!newline && got > 0 && (line > buffer || held < room - 1))
                break;
            if (newline)
                *newline = '\0';
            if (!skipping && !take(context, line))
                return 0;
            skipping = !newline;
            line = newline ? newline + 1 : end;
        }
        if (got == 0)
            return 0;
        held = (size_t)(end - line);
        memmove(buffer, line, held);
    }
}

int procfile_lines(const char *root, const char *path, bool (*take)(void *context, const char *line),
                   void *context)
{
    char buffer[16384];
    int fd = procfile_open(root, path);

    if (fd < 0)
        return fd;
    int error = procfile_each_line(fd, buffer, sizeof(buffer), take, context);

    close(fd);
    return error;
}

int procfile_text(const char *root, const char *path, char *ret_text, size_t room)
{
    int fd = procfile_open(root, path);

    if (fd < 0)
        return fd;

    char text[PROCFILE_PATH];
    size_t limit = room < sizeof(text) ? room : sizeof(text), held = 0;
    ssize_t got = 0;

    while (held < limit - 1 && (got = read_at(fd, text + held, limit - 1 - held, (off_t)held)) > 0)
        held += (size_t)got;
    close(fd);
    if (got < 0)
        return (int)got;
    while (held > 0 && text[held - 1] == '\n')
        held--;
    memcpy(ret_text, text, held);
    ret_text[held] = '\0';
    return 0;
}

int procfile_number(const char *root, const char *path, uint64_t *ret_number)
{
    char text[64];
    const char *at = text;
    int error = procfile_text(root, path, text, sizeof(text));

    if (error)
        return error;
    return text_number(&at, ret_number) ? 0 : -EBADMSG;
}

int procfile_setting(const char *root, const char *path, char *ret_value, size_t room)
{
    char text[PROCFILE_PATH];
    int error = procfile_text(root, path, text, sizeof(text));

    if (error)
        return error;
    const char *open = strchr(text, '['), *close = open ? strchr(open, ']') : NULL;
    const char *from = close ? open + 1 : text;
    size_t length = close ? (size_t)(close - from) : strcspn(text, "\n");

    if (length >= room)
        return -EOVERFLOW;
    memcpy(ret_value, from, length);
    ret_value[length] = '\0';
    return 0;
}

int procfile_write(const char *root, const char *path, const char *text)
{
    int fd = open_with(root, path, O_WRONLY | O_TRUNC);

    if (fd < 0)
        return fd;
    int error = write(fd, text, strlen(text)) < 0 ? -errno : 0;

    if (close(fd) < 0 && !error)
        error = -errno;
    return error;
}

bool text_number(const char **at, uint64_t *ret_number)
{
    const char *next = *at;
    uint64_t number = 0;

    while (*next == ' ' || *next == '\t')
        next++;
    if (*next < '0' || *next > '9')
        return false;
    for (; *next >= '0' && *next <= '9'; next++)
        if (__builtin_mul_overflow(number, 10u, &number) ||
            __builtin_add_overflow(number, (uint64_t)(*next - '0'), &number))
            return false;
    *at = next;
    *ret_number = number;
    return true;
}

const char *text_after(const char *line, const char *name)
{
    size_t length = strlen(name);

    return strncmp(line, name, length) == 0 ? line + length : NULL;
}

void text_copy(char *ret_text, size_t room, const char *text)
{
    snprintf(ret_text, room, "%s", text);
}
