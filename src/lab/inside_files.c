/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the command left, as a tar archive (POSIX ustar; names that are too long for it in GNU's records 'L'
 * and 'K', sizes beyond 8 GiB in its binary form: "Basic Tar Format" of the GNU tar manual). */
#include "lab/inside.h"

#include "lab/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 512 };

struct header {
    char name[100], mode[8], uid[8], gid[8], size[12], time[12], checksum[8], type, link[100];
    char magic[8]; /* "ustar", spaces and a NUL: GNU's */
    char rest[BLOCK - 265];
};

_Static_assert(sizeof(struct header) == BLOCK, "a header is one block");

/* nftw() has no argument for the one who asks. */
static struct {
    int channel;
    size_t prefix; /* length of the folder's own path and its slash */
    struct timespec since;
} sending;

static void put_size(char field[12], uint64_t size)
{
    if (size < UINT64_C(1) << 33) {
        snprintf(field, 12, "%011llo", (unsigned long long)size);
        return;
    }
    memset(field, 0, 12);
    field[0] = (char)0x80;
    for (int i = 11; i > 3; i--, size >>= 8)
        field[i] = (char)size;
}

static void send_header(const char *name, char type, mode_t mode, uint64_t size, time_t time,
                        const char *link)
{
    struct header header = {.type = type, .magic = "ustar  "};
    const unsigned char *bytes = (const unsigned char *)&header;
    unsigned sum = 0;

    strncpy(header.name, name, sizeof(header.name) - 1);
    strncpy(header.link, link, sizeof(header.link) - 1);
    snprintf(header.mode, sizeof(header.mode), "%07o", (unsigned)mode & 07777);
    snprintf(header.uid, sizeof(header.uid), "%07o", 0);
    snprintf(header.gid, sizeof(header.gid), "%07o", 0);
    put_size(header.size, size);
    snprintf(header.time, sizeof(header.time), "%011llo", (unsigned long long)(time < 0 ? 0 : time));
    memset(header.checksum, ' ', sizeof(header.checksum));
    for (size_t i = 0; i < sizeof(header); i++)
        sum += bytes[i];
    snprintf(header.checksum, sizeof(header.checksum), "%06o", sum);
    channel_send(sending.channel, FRAME_FILES, &header, sizeof(header));
}

static void send_padding(uint64_t length)
{
    static const char zeros[BLOCK];

    if (length % BLOCK)
        channel_send(sending.channel, FRAME_FILES, zeros, BLOCK - length % BLOCK);
}

static void send_long(const char *text, char type)
{
    size_t length = strlen(text) + 1;

    if (length <= 100)
        return;
    send_header("././@LongLink", type, 0, length, 0, "");
    channel_send(sending.channel, FRAME_FILES, text, length);
    send_padding(length);
}

/* A file that becomes shorter while it is sent is filled up with zeros; nothing runs any more that could do
 * it. */
static void send_contents(int fd, uint64_t size)
{
    char block[FRAME_MOST];
    uint64_t left = size;

    while (left > 0) {
        size_t part = left < sizeof(block) ? left : sizeof(block);
        ssize_t got = fd < 0 ? 0 : read(fd, block, part);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            memset(block, 0, part);
            got = (ssize_t)part;
        }
        channel_send(sending.channel, FRAME_FILES, block, (size_t)got);
        left -= (uint64_t)got;
    }
    send_padding(size);
}

static bool is_new(const struct stat *status)
{
    return status->st_ctim.tv_sec > sending.since.tv_sec ||
           (status->st_ctim.tv_sec == sending.since.tv_sec &&
            status->st_ctim.tv_nsec >= sending.since.tv_nsec);
}

static int send_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    const char *name = strlen(path) > sending.prefix ? path + sending.prefix : "";
    char link[4096] = "";

    (void)place;
    if (!*name || kind == FTW_NS || !is_new(status))
        return 0;
    if (S_ISLNK(status->st_mode)) {
        ssize_t length = readlink(path, link, sizeof(link) - 1);

        link[length > 0 ? length : 0] = '\0';
        send_long(link, 'K');
        send_long(name, 'L');
        send_header(name, '2', 0777, 0, status->st_mtime, link);
    } else if (S_ISDIR(status->st_mode)) {
        send_long(name, 'L');
        send_header(name, '5', status->st_mode, 0, status->st_mtime, "");
    } else if (S_ISREG(status->st_mode)) {
        int fd = open(path, O_RDONLY | O_CLOEXEC);

        send_long(name, 'L');
        send_header(name, '0', status->st_mode, (uint64_t)status->st_size, status->st_mtime, "");
        send_contents(fd, (uint64_t)status->st_size);
        if (fd >= 0)
            close(fd);
    }
    return 0;
}

void inside_bring_back(int channel, const char *folder, struct timespec since)
{
    static const char end[2 * BLOCK];

    sending.channel = channel;
    sending.prefix = strlen(folder) + 1;
    sending.since = since;
    if (nftw(folder, send_one, 32, FTW_PHYS) != 0)
        channel_note(channel, "not all that is in %s could be read", folder);
    channel_send(channel, FRAME_FILES, end, sizeof(end));
}
