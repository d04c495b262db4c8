/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/knob_zram.h"

#include "base/option.h"
#include "base/reason.h"
#include "host/procfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/swap.h>
#include <unistd.h>

#define CONTROL "/sys/class/zram-control/"

enum { PAGE = 4096, SIZE_LEAST = 1 << 20 };

/* The header of a swap area: include/linux/swap.h, union swap_header, version 1, for pages of 4 KiB. */
static int make_swap(const char *device, uint64_t bytes)
{
    static const char magic[] = "SWAPSPACE2";
    uint8_t page[PAGE] = {0};
    const uint32_t info[] = {1, (uint32_t)(bytes / PAGE - 1), 0}; /* version, last page, bad pages */
    int fd = open(device, O_WRONLY | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    memcpy(page + 1024, info, sizeof(info));
    memcpy(page + PAGE - (sizeof(magic) - 1), magic, sizeof(magic) - 1);
    int error = pwrite(fd, page, PAGE, 0) != PAGE || fsync(fd) < 0 ? -errno : 0;

    close(fd);
    return error;
}

static int make_disk(struct knob_journal *journal, const char *root, unsigned *ret_number,
                     struct reason *reason)
{
    uint64_t number = 0;
    char text[16], path[KNOB_PATH];
    /* Reading it makes a disk. */
    int error = procfile_number(root, CONTROL "hot_add", &number);

    if (error)
        return reason_errno(reason, -error, "cannot make a zram disk by " CONTROL "hot_add");
    *ret_number = (unsigned)number;
    snprintf(text, sizeof(text), "%u", *ret_number);
    error = knob_journal_add(journal, CONTROL "hot_remove", text, reason);
    if (error) {
        procfile_write(root, CONTROL "hot_remove", text);
        return error;
    }
    snprintf(path, sizeof(path), "/sys/block/zram%u/reset", *ret_number);
    return knob_journal_add(journal, path, "1", reason);
}

static int swap_on(struct knob_journal *journal, const char *root, unsigned number, uint64_t bytes,
                   struct reason *reason)
{
    char path[KNOB_PATH], text[32], device[PROCFILE_PATH];

    snprintf(path, sizeof(path), "/sys/block/zram%u/disksize", number);
    snprintf(text, sizeof(text), "%llu", (unsigned long long)bytes);
    int error = procfile_write(root, path, text);

    if (error)
        return reason_errno(reason, -error, "cannot make a zram disk of that size");
    snprintf(path, sizeof(path), "/dev/zram%u", number);
    snprintf(device, sizeof(device), "%s%s", root, path);
    error = make_swap(device, bytes);
    if (error)
        return reason_errno(reason, -error, "cannot write to %s", path);
    error = knob_journal_add(journal, path, "", reason);
    if (!error && swapon(device, 0) < 0)
        error = reason_errno(reason, errno, "cannot swap on %s", path);
    return error;
}

int knob_zram_set(struct knob_journal *journal, const char *root, const char *size, struct reason *reason)
{
    char control[PROCFILE_PATH];
    uint64_t bytes;
    unsigned number = 0;

    if (strcmp(size, "off") == 0)
        return 0;
    if (parse_size(size, &bytes) < 0 || bytes < SIZE_LEAST || bytes / PAGE > UINT32_MAX)
        return reason_set(reason, EINVAL, "zram takes 'off' or a size from 1M such as 512M, not '%.60s'",
                          size);
    snprintf(control, sizeof(control), "%s" CONTROL "hot_add", root);
    if (access(control, F_OK) < 0)
        return reason_set(
            reason, ENODEV,
            "this host's kernel has no zram, or its module is not loaded: there is no " CONTROL);
    if (access(control, R_OK) < 0)
        return reason_set(reason, EACCES, "making a zram disk needs root");
    if (!journal)
        return 0;
    int error = make_disk(journal, root, &number, reason);

    return error ? error : swap_on(journal, root, number, bytes, reason);
}
