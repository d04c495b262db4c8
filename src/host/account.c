/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/account.h"

#include "base/reason.h"
#include "host/procfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where the controllers are mounted, each with the word that names it in /proc/self/cgroup; version 2 has
 * none. */
struct place {
    const char *controller, *mount;
};

static const struct place memory_places[] = {{"memory", "/sys/fs/cgroup/memory"}, {"", "/sys/fs/cgroup"}};
static const struct place cpu_places[] = {{"cpuacct", "/sys/fs/cgroup/cpuacct"}, {"", "/sys/fs/cgroup"}};

struct search {
    const char *controller;
    char path[256];
};

/* "4:memory:/path", "5:cpu,cpuacct:/path", "0::/path" */
static bool take_path(void *context, const char *line)
{
    struct search *search = context;
    const char *from = strchr(line, ':'), *to = from ? strchr(from + 1, ':') : NULL;
    size_t length = strlen(search->controller);

    if (!to)
        return true;
    from++;
    if (length == 0 && from == to) {
        text_copy(search->path, sizeof(search->path), to + 1);
        return false;
    }
    for (const char *word = from; length > 0 && word < to; word += strcspn(word, ",:") + 1) {
        if (strcspn(word, ",:") == length && strncmp(word, search->controller, length) == 0) {
            text_copy(search->path, sizeof(search->path), to + 1);
            return false;
        }
    }
    return true;
}

/* Makes "MOUNT/PATH/mvm-PID" with `file` in it, or the same at the top; its path into `ret_path`. */
static int make_group(const struct place *place, const char *file, struct knob_journal *journal,
                      char ret_path[KNOB_PATH])
{
    struct search search = {.controller = place->controller};
    char buffer[4096], probe[KNOB_PATH + 64];
    int groups = procfile_open("", "/proc/self/cgroup");

    if (groups >= 0) {
        procfile_each_line(groups, buffer, sizeof(buffer), take_path, &search);
        close(groups);
    }
    for (int top = 0; top < 2; top++) {
        if ((size_t)snprintf(ret_path, KNOB_PATH, "%s%s/mvm-%d", place->mount,
                             top || strcmp(search.path, "/") == 0 ? "" : search.path,
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
    return knob_write("", file, text);
}

static int open_in(const char *path, const char *file)
{
    char whole[KNOB_PATH + 64];

    snprintf(whole, sizeof(whole), "%s/%s", path, file);
    return open(whole, O_RDONLY | O_CLOEXEC);
}

static int enter_version(struct host_account *account, bool version2, struct knob_journal *journal)
{
    char memory[KNOB_PATH], cpu[KNOB_PATH];
    int error = make_group(&memory_places[version2], version2 ? "memory.current" : "memory.usage_in_bytes",
                           journal, memory);

    if (!error && !version2)
        error = make_group(&cpu_places[0], "cpuacct.usage", journal, cpu);
    if (!error && version2)
        text_copy(cpu, sizeof(cpu), memory);
    if (!error)
        error = enter(memory);
    if (!error && !version2)
        error = enter(cpu);
    if (error)
        return error; /* what was made is in the journal */
    account->version2 = version2;
    account->memory_fd = open_in(memory, version2 ? "memory.current" : "memory.usage_in_bytes");
    account->stat_fd = open_in(memory, "memory.stat");
    account->cpu_fd = open_in(cpu, version2 ? "cpu.stat" : "cpuacct.usage");
    return 0;
}

int host_account_enter(struct host_account *ret_account, struct knob_journal *journal, struct reason *reason)
{
    *ret_account = (struct host_account){.memory_fd = -1, .stat_fd = -1, .cpu_fd = -1};
    for (int version2 = 0; version2 < 2; version2++)
        if (enter_version(ret_account, version2, journal) == 0)
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
