/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The token of web/access.h. */
#include "web/access.h"

#include "base/reason.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static int check(const char *path, const char *token, size_t length, struct reason *reason)
{
    if (length < TOKEN_LEAST || length > TOKEN_MOST)
        return reason_set(reason, EINVAL, "the token in %s has %zu characters; %d to %d would be right", path,
                          length, TOKEN_LEAST, TOKEN_MOST);
    for (size_t i = 0; i < length; i++)
        if (token[i] <= ' ' || token[i] > '~')
            return reason_set(reason, EINVAL,
                              "the token in %s has to consist of visible ASCII characters, without spaces",
                              path);
    return 0;
}

int token_read(const char *path, char ret_token[TOKEN_ROOM], struct reason *reason)
{
    char line[TOKEN_MOST + 2];
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    int error = 0;

    if (fd < 0 || fstat(fd, &status) < 0)
        error = reason_errno(reason, errno, "cannot read the token's file %s", path);
    else if (!S_ISREG(status.st_mode))
        error = reason_set(reason, EINVAL, "the token's file %s is no regular file", path);
    else if (status.st_mode & 077)
        error = reason_set(reason, EINVAL, "others may read the token's file %s; 'chmod 600' would be right",
                           path);
    ssize_t got = error ? -1 : read(fd, line, sizeof(line));

    if (!error && got < 0)
        error = reason_errno(reason, errno, "cannot read the token's file %s", path);
    if (fd >= 0)
        close(fd);
    if (error)
        return error;
    size_t count = got > 0 ? (size_t)got : 0, length = 0;

    while (length < count && line[length] != '\n')
        length++;

    error = check(path, line, length, reason);
    if (!error) {
        memcpy(ret_token, line, length);
        ret_token[length] = '\0';
    }
    explicit_bzero(line, sizeof(line));
    return error;
}

int token_make(char ret_token[TOKEN_ROOM], struct reason *reason)
{
    uint8_t bytes[32];

    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
        return reason_errno(reason, errno, "cannot make a token");
    for (size_t i = 0; i < sizeof(bytes); i++)
        snprintf(ret_token + 2 * i, 3, "%02x", bytes[i]);
    explicit_bzero(bytes, sizeof(bytes));
    return 0;
}
