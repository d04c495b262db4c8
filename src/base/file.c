/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file.h"

#include "base/reason.h"

#include <errno.h>
#include <fcntl.h>
#include <nettle/base16.h>
#include <nettle/sha2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int file_read(const char *path, size_t limit, char **ret_bytes, size_t *ret_length, struct reason *reason)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return reason_errno(reason, errno, "cannot open %s", path);

    char *bytes = NULL;
    size_t length = 0, room = 0;
    int error = 0;

    for (;;) {
        /* Files of /proc do not tell their size, so the buffer grows as they are read. */
        if (length + 1 >= room) {
            size_t wanted = room ? room * 2 : 16384;
            char *grown = realloc(bytes, wanted);

            if (!grown) {
                error = reason_set(reason, ENOMEM, "no memory to read %s", path);
                break;
            }
            bytes = grown;
            room = wanted;
        }
        ssize_t got = read(fd, bytes + length, room - length - 1);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            error = reason_errno(reason, errno, "cannot read %s", path);
            break;
        }
        if (got == 0)
            break;
        length += (size_t)got;
        if (length > limit) {
            error = reason_set(reason, EFBIG, "%s is larger than %zu bytes", path, limit);
            break;
        }
    }
    close(fd);
    if (error) {
        free(bytes);
        return error;
    }
    bytes[length] = '\0';
    *ret_bytes = bytes;
    *ret_length = length;
    return 0;
}

static int write_all(int fd, const void *bytes, size_t length)
{
    const char *next = bytes;

    while (length > 0) {
        ssize_t put = write(fd, next, length);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return -errno;
        next += put;
        length -= (size_t)put;
    }
    return 0;
}

int file_replace(const char *path, const void *bytes, size_t length, struct reason *reason)
{
    char beside[4096];

    if ((size_t)snprintf(beside, sizeof(beside), "%s.new", path) >= sizeof(beside))
        return reason_set(reason, ENAMETOOLONG, "the path %s is too long", path);

    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

    if (fd < 0)
        return reason_errno(reason, errno, "cannot write %s", beside);

    int error = write_all(fd, bytes, length);

    if (!error && fsync(fd) < 0)
        error = -errno;
    if (close(fd) < 0 && !error)
        error = -errno;
    if (!error && rename(beside, path) < 0)
        error = -errno;
    if (error) {
        unlink(beside);
        return reason_errno(reason, -error, "cannot write %s", path);
    }
    return 0;
}

static void digest_text(struct sha256_ctx *context, char ret_text[SHA256_TEXT_ROOM])
{
    uint8_t digest[SHA256_DIGEST_SIZE];

    sha256_digest(context, sizeof(digest), digest);
    base16_encode_update(ret_text, sizeof(digest), digest);
    ret_text[SHA256_TEXT_ROOM - 1] = '\0';
}

void sha256_text(const void *bytes, size_t length, char ret_text[SHA256_TEXT_ROOM])
{
    struct sha256_ctx context;

    sha256_init(&context);
    sha256_update(&context, length, bytes);
    digest_text(&context, ret_text);
}

int file_sha256(const char *path, char ret_text[SHA256_TEXT_ROOM], struct reason *reason)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return reason_errno(reason, errno, "cannot open %s", path);

    struct sha256_ctx context;
    uint8_t block[65536];
    ssize_t got;

    sha256_init(&context);
    while ((got = read(fd, block, sizeof(block))) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            int error = errno;

            close(fd);
            return reason_errno(reason, error, "cannot read %s", path);
        }
        sha256_update(&context, (size_t)got, block);
    }
    close(fd);
    digest_text(&context, ret_text);
    return 0;
}

int user_cache_path(const char *below, char *ret_path, size_t room)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    bool given = cache && cache[0] == '/';

    if (!given && (!home || home[0] != '/'))
        return -ENOENT;
    int length = snprintf(ret_path, room, "%s%s/%s", given ? cache : home, given ? "" : "/.cache", below);

    return length < 0 || (size_t)length >= room ? -ENAMETOOLONG : 0;
}

int directory_make(const char *path, struct reason *reason)
{
    char part[4096];
    size_t length = strlen(path);

    if (length == 0 || length >= sizeof(part))
        return reason_set(reason, ENAMETOOLONG, "'%s' cannot be the name of a directory", path);
    memcpy(part, path, length + 1);
    for (size_t i = 1; i <= length; i++) {
        if (part[i] != '/' && part[i] != '\0')
            continue;
        char kept = part[i];

        part[i] = '\0';
        if (mkdir(part, 0777) < 0 && errno != EEXIST)
            return reason_errno(reason, errno, "cannot make the directory %s", part);
        part[i] = kept;
    }
    struct stat status;

    if (stat(path, &status) < 0)
        return reason_errno(reason, errno, "cannot use the directory %s", path);
    if (!S_ISDIR(status.st_mode))
        return reason_set(reason, ENOTDIR, "%s exists and is not a directory", path);
    return 0;
}
