/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/account.h"

#include "base/reason.h"
#include "host/cgroup.h"
#include "host/procfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Makes "PLACE/mvm-PID" with `file` in it, or the same at the top; its path into `ret_path`. */
static int make_group(const struct cgroup_place *place, const char *file, struct knob_journal *journal,
                      char ret_path[KNOB_PATH])
{
    char probe[KNOB_PATH + 64];

    for (int top = 0; top < 2; top++) {
        size_t length = top ? place->mount_length : strlen(place->directory);

        if ((size_t)snprintf(ret_path, KNOB_PATH, "%.*s/mvm-%d", (int)length, place->directory,
                             (int)getpid()) >= KNOB_PATH)
            continue;
        if (knob_journal_add(journal, ret_path, "", NULL) < 0)
            return -ENOTSUP;
        snprintf(probe, sizeof(probe), "%s/%s", ret_path, file);
        if (mkdir(ret_path, 0755) == 0 && access(probe, R_OK) == 0)
            return 0;
        rmdir(ret_path);
        knob_journal_forget(journal);
    }
    return -ENOTSUP;
}

static int enter(const char *path)
{
    char file[KNOB_PATH + 16], text[16];

    snprintf(file, sizeof(file), "%s/cgroup.procs", path);
    snprintf(text, sizeof(text), "%d", (int)getpid());
    return procfile_write("", file, text);
}

static int open_in(const char *path, const char *file)
{
    char whole[KNOB_PATH + 64];

    snprintf(whole, sizeof(whole), "%s/%s", path, file);
    return open(whole, O_RDONLY | O_CLOEXEC);
}

static int make_and_enter(struct host_account *account, struct knob_journal *journal)
{
    struct cgroup_place memory_place, cpu_place;
    char memory[KNOB_PATH], cpu[KNOB_PATH];

    if (!cgroup_find("", "memory", &memory_place))
        return -ENOTSUP;
    bool version2 = memory_place.version == 2;
    const char *usage = version2 ? "memory.current" : "memory.usage_in_bytes";

    if (!version2 && (!cgroup_find("", "cpuacct", &cpu_place) || cpu_place.version == 2))
        return -ENOTSUP;
    int error = make_group(&memory_place, usage, journal, memory);

    if (!error && !version2)
        error = make_group(&cpu_place, "cpuacct.usage", journal, cpu);
    if (!error && version2)
        text_copy(cpu, sizeof(cpu), memory);
    if (!error)
        error = enter(memory);
    if (!error && !version2)
        error = enter(cpu);
    if (error)
        return error; /* what was made is in the journal */
    account->version2 = version2;
    account->memory_fd = open_in(memory, usage);
    account->stat_fd = open_in(memory, "memory.stat");
    account->cpu_fd = open_in(cpu, version2 ? "cpu.stat" : "cpuacct.usage");
    return 0;
}

int host_account_enter(struct host_account *ret_account, struct knob_journal *journal, struct reason *reason)
{
    *ret_account = (struct host_account){.memory_fd = -1, .stat_fd = -1, .cpu_fd = -1};
    if (make_and_enter(ret_account, journal) == 0)
        return 0;
    return reason_set(reason, ENOTSUP, "no control group that counts memory and CPU can be made here");
}

struct named {
    const char *name;
    uint64_t number;
};

static bool take_named(void *context, const char *line)
{
    struct named *named = context;
    const char *at = text_after(line, named->name);

    if (!at || *at != ' ' || !text_number(&at, &named->number))
        return true;
    return false;
}

static bool first_number(int fd, uint64_t *ret_number)
{
    char text[64];
    const char *at = text;
    ssize_t length = pread(fd, text, sizeof(text) - 1, 0);

    text[length > 0 ? length : 0] = '\0';
    return text_number(&at, ret_number);
}

bool host_account_read(const struct host_account *account, uint64_t *ret_memory_bytes, uint64_t *ret_cpu_ns)
{
    struct named cache = {.name = account->version2 ? "file" : "cache"}, cpu = {.name = "usage_usec"};
    char buffer[8192];
    uint64_t memory;

    if (account->memory_fd < 0 || !first_number(account->memory_fd, &memory) ||
        procfile_each_line(account->stat_fd, buffer, sizeof(buffer), take_named, &cache) < 0)
        return false;
    *ret_memory_bytes = memory > cache.number ? memory - cache.number : 0;
    if (!account->version2)
        return first_number(account->cpu_fd, ret_cpu_ns);
    if (procfile_each_line(account->cpu_fd, buffer, sizeof(buffer), take_named, &cpu) < 0)
        return false;
    *ret_cpu_ns = cpu.number * 1000;
    return true;
}

void host_account_close(struct host_account *account)
{
    const int fds[] = {account->memory_fd, account->stat_fd, account->cpu_fd};

    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
        if (fds[i] >= 0)
            close(fds[i]);
    *account = (struct host_account){.memory_fd = -1, .stat_fd = -1, .cpu_fd = -1};
}
