/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/reading.h"

#include "base/clock.h"
#include "base/reason.h"
#include "host/account.h"
#include "host/cgroup.h"
#include "host/procfile.h"
#include "host/sources.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

/* Closed file descriptors are -1 throughout. */
struct sampler {
    int source_fd[SOURCE_COUNT];
    int own_files_fd; /* the directory /proc/self/fd */
    bool own_files_by_size;
    int own_maps_fd, own_status_fd;
    int cgroup_pids_fd;
    int refresh_fd;
    bool watch_own;
    const struct host_account *account; /* NULL: none */
    struct disk_names disks;
    struct link_names links;
    char root[PROCFILE_PATH];
    char buffer[65536]; /* the file being read, a part at a time */
};

static bool is_whole_disk(const char *root, const char *name)
{
    char path[PROCFILE_PATH];
    int length = snprintf(path, sizeof(path), "%s/sys/block/%s/device", root, name);

    if (length < 0 || (size_t)length >= sizeof(path))
        return false;
    /* Partitions are not in /sys/block; loop, ram, zram and device-mapper have no hardware behind them and so
     * no "device". A '/' in a name (cciss/c0d0) is '!' in /sys. */
    for (char *c = path + strlen(root) + strlen("/sys/block/"); c < path + length - strlen("/device"); c++)
        if (*c == '/')
            *c = '!';
    return access(path, F_OK) == 0;
}

struct disk_search {
    struct sampler *sampler;
    int error;
};

static bool take_disk_name(void *context, const char *line)
{
    struct disk_search *search = context;
    struct disk_names *disks = &search->sampler->disks;
    char name[DISK_NAME_ROOM];

    if (sscanf(line, "%*u %*u %63s", name) != 1 || !is_whole_disk(search->sampler->root, name))
        return true;

    char(*grown)[DISK_NAME_ROOM] = realloc(disks->names, (disks->count + 1) * sizeof(*grown));

    if (!grown) {
        search->error = -ENOMEM;
        return false;
    }
    disks->names = grown;
    text_copy(grown[disks->count++], DISK_NAME_ROOM, name);
    return true;
}

static int find_disks(struct sampler *sampler, struct reason *reason)
{
    struct disk_search search = {.sampler = sampler};
    int fd = procfile_open(sampler->root, "/proc/diskstats");

    if (fd < 0)
        return 0;
    procfile_each_line(fd, sampler->buffer, sizeof(sampler->buffer), take_disk_name, &search);
    close(fd);
    return search.error ? reason_set(reason, ENOMEM, "no memory for the names of the disks") : 0;
}

/* From Linux 6.2 on the size of /proc/self/fd is the number of open files; before, and in another file
 * system, its entries have to be counted, which takes milliseconds with ten thousand of them. */
static bool counts_files_by_size(int fd)
{
    struct statfs file_system;
    struct stat status;

    return fd >= 0 && fstatfs(fd, &file_system) == 0 && file_system.f_type == PROC_SUPER_MAGIC &&
           fstat(fd, &status) == 0 && status.st_size > 0;
}

static int open_sources(struct sampler *sampler, struct reason *reason)
{
    for (size_t i = 0; i < SOURCE_COUNT; i++) {
        int fd = procfile_open(sampler->root, sources[i].path);

        if (fd < 0 && sources[i].needs)
            return reason_errno(reason, -fd, "cannot open %s%s", sampler->root, sources[i].path);
        sampler->source_fd[i] = fd < 0 ? -1 : fd;
    }
    return 0;
}

int sampler_open(struct sampler **ret_sampler, const char *root, struct reason *reason)
{
    struct sampler *sampler = calloc(1, sizeof(*sampler));
    struct cgroup_limits cgroup;
    char path[PROCFILE_PATH];

    if (!sampler)
        return reason_set(reason, ENOMEM, "no memory for the sampler of the host");
    for (size_t i = 0; i < SOURCE_COUNT; i++)
        sampler->source_fd[i] = -1;
    sampler->own_files_fd = procfile_open(root, "/proc/self/fd");
    sampler->own_files_by_size = counts_files_by_size(sampler->own_files_fd);
    sampler->own_maps_fd = procfile_open(root, "/proc/self/maps");
    sampler->own_status_fd = procfile_open(root, "/proc/self/status");
    sampler->refresh_fd = procfile_open(root, "/proc/sys/vm/stat_refresh");
    sampler->cgroup_pids_fd = -1;
    text_copy(sampler->root, sizeof(sampler->root), root);
    links_find(&sampler->links, root);

    cgroup_limits_read(&cgroup, root);
    if (cgroup.pids > 0 &&
        (size_t)snprintf(path, sizeof(path), "%s/pids.current", cgroup.pids_directory) < sizeof(path))
        sampler->cgroup_pids_fd = procfile_open(root, path);

    int error = open_sources(sampler, reason);

    if (!error)
        error = find_disks(sampler, reason);
    if (error) {
        sampler_close(sampler);
        return error;
    }
    *ret_sampler = sampler;
    return 0;
}

static uint64_t count_own_files(const struct sampler *sampler)
{
    struct stat status;
    uint64_t count = 0;

    if (sampler->own_files_fd < 0)
        return 0;
    if (sampler->own_files_by_size)
        return fstat(sampler->own_files_fd, &status) == 0 ? (uint64_t)status.st_size : 0;

    /* A descriptor of its own, since the position in a directory is shared by duplicates. */
    int fd = openat(sampler->own_files_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *directory = fd < 0 ? NULL : fdopendir(fd);

    if (!directory) {
        if (fd >= 0)
            close(fd);
        return 0;
    }
    for (const struct dirent *entry; (entry = readdir(directory));)
        count += entry->d_name[0] != '.';
    closedir(directory);
    return count;
}

static bool take_any(void *context, const char *line)
{
    (void)line;
    ++*(uint64_t *)context;
    return true;
}

static bool take_own_memory(void *context, const char *line)
{
    static const char *const lines[] = {"RssAnon:", "RssShmem:", "VmPTE:"};

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        const char *rest = text_after(line, lines[i]);
        uint64_t kib;

        /* The kernel pads with a tab first. */
        if (rest && (rest += strspn(rest, "\t "), text_number(&rest, &kib)))
            *(uint64_t *)context += kib * 1024;
    }
    return true;
}

static void read_own(struct sampler *sampler, struct host_reading *reading)
{
    struct timespec used;

    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) == 0)
        reading->own_cpu_ns = (uint64_t)used.tv_sec * NS_PER_SECOND + (uint64_t)used.tv_nsec;
    if (sampler->own_maps_fd >= 0)
        procfile_each_line(sampler->own_maps_fd, sampler->buffer, sizeof(sampler->buffer), take_any,
                           &reading->own_maps);
    if (sampler->own_status_fd >= 0)
        procfile_each_line(sampler->own_status_fd, sampler->buffer, sizeof(sampler->buffer), take_own_memory,
                           &reading->own_memory);
}

static bool take_number(void *context, const char *line)
{
    text_number(&line, context);
    return false;
}

int sampler_read(struct sampler *sampler, struct host_reading *ret_reading, struct reason *reason)
{
    struct host_reading reading = {.at_ns = clock_now_ns(), .unix_seconds = clock_unix_seconds()};

    for (size_t i = 0; i < SOURCE_COUNT; i++) {
        struct intake intake = {.reading = &reading, .disks = &sampler->disks, .links = &sampler->links};
        const struct source *source = &sources[i];

        if (sampler->source_fd[i] < 0)
            continue;

        int error = procfile_each_line(sampler->source_fd[i], sampler->buffer, sizeof(sampler->buffer),
                                       source->take, &intake);

        if (error && source->needs)
            return reason_errno(reason, -error, "cannot read %s%s", sampler->root, source->path);
        if ((intake.seen & source->needs) != source->needs)
            return reason_set(reason, EBADMSG, "%s%s lacks %s", sampler->root, source->path, source->lacking);
    }
    if (reading.memory.reclaimable == 0)
        reading.memory.reclaimable = reading.memory.slab_reclaimable;
    /* Cached counts shared memory too. */
    if (reading.memory.file_cache > reading.memory.shared)
        reading.memory.file_cache -= reading.memory.shared;
    else
        reading.memory.file_cache = 0;
    reading.disk.disks = (unsigned)(sampler->disks.count < HOST_DISKS ? sampler->disks.count : HOST_DISKS);
    reading.network.link_count = sampler->links.count;
    reading.own_files = count_own_files(sampler);
    if (sampler->watch_own)
        read_own(sampler, &reading);
    if (sampler->account)
        host_account_read(sampler->account, &reading.own_memory, &reading.own_cpu_ns);
    if (sampler->cgroup_pids_fd >= 0)
        procfile_each_line(sampler->cgroup_pids_fd, sampler->buffer, sizeof(sampler->buffer), take_number,
                           &reading.cgroup_pids);
    *ret_reading = reading;
    return 0;
}

void sampler_watch_own(struct sampler *sampler, bool watch)
{
    sampler->watch_own = watch;
}

void sampler_watch_account(struct sampler *sampler, const struct host_account *account)
{
    sampler->account = account;
}

void sampler_refresh(struct sampler *sampler)
{
    char nothing[16];

    if (sampler->refresh_fd >= 0 && pread(sampler->refresh_fd, nothing, sizeof(nothing), 0) < 0)
        return; /* the next reading is as stale as ever */
}

void sampler_close(struct sampler *sampler)
{
    if (!sampler)
        return;
    for (size_t i = 0; i < SOURCE_COUNT; i++)
        if (sampler->source_fd[i] >= 0)
            close(sampler->source_fd[i]);

    const int others[] = {sampler->own_files_fd, sampler->own_maps_fd, sampler->own_status_fd,
                          sampler->cgroup_pids_fd, sampler->refresh_fd};

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        if (others[i] >= 0)
            close(others[i]);
    free(sampler->disks.names);
    free(sampler);
}
