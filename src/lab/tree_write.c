/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/tree.h"

#include "base/reason.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Gathers small writes. */
struct out {
    int fd;
    size_t length;
    uint64_t total;
    unsigned number; /* of the entry: there are no hard links, so that each has an inode number of its own */
    char bytes[65536];
};

static int flush(struct out *out)
{
    for (size_t done = 0; done < out->length;) {
        ssize_t put = write(out->fd, out->bytes + done, out->length - done);

        if (put < 0 && errno != EINTR)
            return -errno;
        done += put > 0 ? (size_t)put : 0;
    }
    out->length = 0;
    return 0;
}

static int put(struct out *out, const void *bytes, size_t length)
{
    const char *from = bytes;
    int error = 0;

    out->total += length;
    while (length > 0 && !error) {
        size_t part = sizeof(out->bytes) - out->length;

        part = part < length ? part : length;
        memcpy(out->bytes + out->length, from, part);
        out->length += part;
        from += part;
        length -= part;
        if (out->length == sizeof(out->bytes))
            error = flush(out);
    }
    return error;
}

/* Names and contents end at multiples of four bytes. */
static int pad(struct out *out)
{
    static const char zeros[4];

    return put(out, zeros, (4 - out->total % 4) % 4);
}

static int put_header(struct out *out, const char *name, mode_t mode, uint64_t length, time_t time)
{
    char header[111];
    size_t name_length = strlen(name) + 1;
    int error;

    /* magic, inode, mode, uid, gid, links, time, size, device, rdevice, length of the name, checksum */
    snprintf(header, sizeof(header), "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
             ++out->number, (unsigned)mode, 0, 0, S_ISDIR(mode) ? 2 : 1, (unsigned)time, (unsigned)length, 0,
             0, 0, 0, (unsigned)name_length, 0);
    error = put(out, header, sizeof(header) - 1);
    if (!error)
        error = put(out, name, name_length);
    return error ? error : pad(out);
}

static int put_file(struct out *out, const char *source, const char *name, mode_t mode, struct reason *reason)
{
    int fd = open(source, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), error;
    struct stat status;
    char block[65536];

    if (fd < 0)
        return reason_errno(reason, errno, "cannot read %s", source);
    if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) || status.st_size > UINT32_MAX) {
        close(fd);
        return reason_set(reason, EFBIG, "%s is no file of less than 4 GiB", source);
    }
    uint64_t left = (uint64_t)status.st_size;

    error = put_header(out, name, mode, left, status.st_mtime);
    while (!error && left > 0) {
        ssize_t got = read(fd, block, left < sizeof(block) ? left : sizeof(block));

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            close(fd);
            return got < 0 ? reason_errno(reason, errno, "cannot read %s", source)
                           : reason_set(reason, EIO, "%s became shorter while it was read", source);
        }
        error = put(out, block, (size_t)got);
        left -= (uint64_t)got;
    }
    close(fd);
    if (!error)
        error = pad(out);
    return error ? reason_errno(reason, -error, "cannot write the laboratory's files") : 0;
}

int tree_write(const struct tree *tree, int fd, struct reason *reason)
{
    struct out *out = malloc(sizeof(*out));
    int error = 0;

    if (!out)
        return reason_set(reason, ENOMEM, "no memory for the laboratory's files");
    out->fd = fd;
    out->length = out->number = 0;
    out->total = 0;
    for (size_t i = 0; i < tree->count && !error; i++) {
        const struct tree_entry *entry = &tree->entries[i];

        if (entry->source) {
            error = put_file(out, entry->source, entry->path + 1, entry->mode, reason);
            if (error)
                goto done; /* with its own sentence */
            continue;
        }
        error = put_header(out, entry->path + 1, entry->mode, entry->length, time(NULL));
        if (!error && entry->length > 0)
            error = put(out, entry->bytes, entry->length);
        if (!error)
            error = pad(out);
    }
    if (!error)
        error = put_header(out, "TRAILER!!!", 0, 0, 0);
    if (!error)
        error = flush(out);
    if (error)
        reason_errno(reason, -error, "cannot write the laboratory's files");
done:
    free(out);
    return error;
}
