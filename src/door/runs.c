/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "door/runs.h"

#include "base/file.h"
#include "base/reason.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK      "lock"
#define RUNS_LOCK ".lock" /* held while runs come, go and are listed; no run can have this name */

enum { GENERATED_MOST = 10000, LEFT_MOST = 16384 };

/* The directory in which runs are, when `parent` is a directory of this user's. */
static bool is_own_directory(const char *parent)
{
    struct stat status;

    return parent && parent[0] == '/' && stat(parent, &status) == 0 && S_ISDIR(status.st_mode) &&
           status.st_uid == geteuid();
}

static int choose_path(char path[RUN_PATH_ROOM])
{
    const char *runtime = getenv("XDG_RUNTIME_DIR");
    char own[64];
    int length;

    snprintf(own, sizeof(own), "/run/user/%u", (unsigned)geteuid());
    if (is_own_directory(runtime))
        length = snprintf(path, RUN_PATH_ROOM, "%s/mvm", runtime);
    else if (is_own_directory(own))
        length = snprintf(path, RUN_PATH_ROOM, "%s/mvm", own);
    else
        length = snprintf(path, RUN_PATH_ROOM, "/tmp/mvm-%u", (unsigned)geteuid());
    return length < RUN_PATH_ROOM - 2 * RUN_NAME_ROOM ? 0 : -ENAMETOOLONG;
}

int runs_open(struct runs *ret_runs, bool make, struct reason *reason)
{
    struct runs runs;
    struct stat status;

    if (choose_path(runs.path) < 0)
        return reason_set(reason, ENAMETOOLONG, "the path in XDG_RUNTIME_DIR is too long");
    if (make && mkdir(runs.path, 0700) < 0 && errno != EEXIST)
        return reason_errno(reason, errno, "cannot make the directory %s", runs.path);
    runs.fd = open(runs.path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (runs.fd < 0 && errno == ENOENT)
        return -ENOENT;
    if (runs.fd < 0)
        return reason_errno(reason, errno, "cannot use the directory %s", runs.path);
    /* In /tmp anybody could have made it. */
    if (fstat(runs.fd, &status) < 0 || status.st_uid != geteuid() || status.st_mode & 077) {
        close(runs.fd);
        return reason_set(reason, EPERM,
                          "%s is not a private directory of yours (mode 0700), so it is not used", runs.path);
    }
    *ret_runs = runs;
    return 0;
}

void runs_close(struct runs *runs)
{
    if (runs->fd >= 0)
        close(runs->fd);
    runs->fd = -1;
}

int run_check_name(const char *name, struct reason *reason)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    size_t length = strlen(name);

    if (length == 0 || length >= RUN_NAME_ROOM || strspn(name, letters) != length || strchr("-_.", name[0]))
        return reason_set(
            reason, EINVAL,
            "'%.100s' cannot be the name of a run: 1 to 32 letters, digits, '-', '_' and '.', the first one "
            "a letter or digit",
            name);
    return 0;
}

/* Returns the descriptor that holds the lock, to be closed. */
static int lock_runs(struct runs *runs, struct reason *reason)
{
    int fd = openat(runs->fd, RUNS_LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

    if (fd < 0)
        return reason_errno(reason, errno, "cannot lock %s", runs->path);
    while (flock(fd, LOCK_EX) < 0) {
        if (errno != EINTR) {
            int error = reason_errno(reason, errno, "cannot lock %s", runs->path);

            close(fd);
            return error;
        }
    }
    return fd;
}

/* The lock is of an open file, so that it goes with the last process that has it open, and testing it takes
 * nothing. */
static struct flock whole_file(void)
{
    return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET};
}

bool run_lives(int directory)
{
    struct flock lock = whole_file();
    int fd = openat(directory, LOCK, O_RDWR | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return false;
    bool locked = fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;

    close(fd);
    return locked;
}

static int open_directory(const struct runs *runs, const char *name)
{
    return openat(runs->fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Runs have files only. */
static int remove_all(const struct runs *runs, const char *name, int directory)
{
    int listed = dup(directory);
    DIR *entries = listed < 0 ? NULL : fdopendir(listed);
    struct dirent *entry;

    if (!entries) {
        if (listed >= 0)
            close(listed);
        return -errno;
    }
    rewinddir(entries);
    while ((entry = readdir(entries)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlinkat(directory, entry->d_name, 0);
    closedir(entries);
    return unlinkat(runs->fd, name, AT_REMOVEDIR) < 0 ? -errno : 0;
}

/* Makes and locks NAME. -EEXIST without a sentence when it lives. */
static int take(struct runs *runs, const char *name, struct run_directory *ret_directory,
                struct reason *reason)
{
    struct run_directory taken = {.fd = open_directory(runs, name), .lock = -1};
    struct flock lock = whole_file();

    if (taken.fd >= 0) {
        bool dead = !run_lives(taken.fd);

        if (dead)
            remove_all(runs, name, taken.fd);
        close(taken.fd);
        if (!dead)
            return -EEXIST;
    }
    snprintf(taken.name, sizeof(taken.name), "%s", name);
    snprintf(taken.path, sizeof(taken.path), "%.*s/%s", RUN_PATH_ROOM - RUN_NAME_ROOM - 2, runs->path, name);
    if (mkdirat(runs->fd, name, 0700) < 0)
        return reason_errno(reason, errno, "cannot make the directory %s", taken.path);
    taken.fd = open_directory(runs, name);
    if (taken.fd >= 0)
        taken.lock = openat(taken.fd, LOCK, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (taken.lock < 0 || fcntl(taken.lock, F_OFD_SETLK, &lock) < 0) {
        int error = reason_errno(reason, errno, "cannot lock the directory %s", taken.path);

        if (taken.fd >= 0)
            remove_all(runs, name, taken.fd);
        run_forget(&taken);
        return error;
    }
    *ret_directory = taken;
    return 0;
}

static int take_any(struct runs *runs, const char *stem, struct run_directory *ret_directory,
                    struct reason *reason)
{
    for (int number = 1; number <= GENERATED_MOST; number++) {
        char name[RUN_NAME_ROOM];

        snprintf(name, sizeof(name), "%.20s-%d", stem, number);
        int error = take(runs, name, ret_directory, reason);

        if (error != -EEXIST)
            return error;
    }
    return reason_set(reason, EEXIST, "there are %d runs of %s already", GENERATED_MOST, stem);
}

int run_create(struct runs *runs, const char *name, const char *stem, struct run_directory *ret_directory,
               struct reason *reason)
{
    int error = name ? run_check_name(name, reason) : 0;
    int lock = error ? error : lock_runs(runs, reason);

    if (lock < 0)
        return lock;
    error = name ? take(runs, name, ret_directory, reason) : take_any(runs, stem, ret_directory, reason);
    if (error == -EEXIST && name)
        reason_set(reason, EEXIST, "a run named '%s' is there already; 'mvm stop --run %s' ends it", name,
                   name);
    close(lock);
    return error;
}

void run_remove(struct runs *runs, struct run_directory *directory)
{
    int lock = lock_runs(runs, NULL);

    if (directory->fd >= 0)
        remove_all(runs, directory->name, directory->fd);
    run_forget(directory);
    if (lock >= 0)
        close(lock);
}

void run_forget(struct run_directory *directory)
{
    if (directory->fd >= 0)
        close(directory->fd);
    if (directory->lock >= 0)
        close(directory->lock);
    directory->fd = directory->lock = -1;
}

static int by_name(const void *a, const void *b)
{
    return strverscmp(((const struct run_entry *)a)->name, ((const struct run_entry *)b)->name);
}

static int add(struct run_entry **entries, size_t *count, const char *name, bool alive)
{
    struct run_entry *grown = reallocarray(*entries, *count + 1, sizeof(*grown));

    if (!grown)
        return -ENOMEM;
    *entries = grown;
    snprintf(grown[*count].name, sizeof(grown[*count].name), "%s", name);
    grown[(*count)++].lives = alive;
    return 0;
}

int runs_list(struct runs *runs, struct run_entry **ret_entries, size_t *ret_count, struct reason *reason)
{
    int lock = lock_runs(runs, reason), listed;
    struct run_entry *found = NULL;
    size_t count = 0;
    struct dirent *entry;
    DIR *entries;
    int error = 0;

    if (lock < 0)
        return lock;
    listed = openat(runs->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    entries = listed < 0 ? NULL : fdopendir(listed);
    if (!entries) {
        error = reason_errno(reason, errno, "cannot list %s", runs->path);
        if (listed >= 0)
            close(listed);
    }
    while (!error && (entry = readdir(entries))) {
        int fd = run_check_name(entry->d_name, NULL) == 0 ? open_directory(runs, entry->d_name) : -1;

        if (fd < 0)
            continue;
        if (add(&found, &count, entry->d_name, run_lives(fd)) < 0)
            error = reason_set(reason, ENOMEM, "no memory for the list of runs");
        close(fd);
    }
    if (entries)
        closedir(entries);
    close(lock);
    if (error) {
        free(found);
        return error;
    }
    if (count > 0)
        qsort(found, count, sizeof(*found), by_name);
    *ret_entries = found;
    *ret_count = count;
    return 0;
}

char *runs_read_left(const struct runs *runs, const char *name)
{
    char path[RUN_PATH_ROOM + RUN_NAME_ROOM + 8], *text;
    size_t length;

    snprintf(path, sizeof(path), "%s/%s/%s", runs->path, name, RUN_LEFT);
    return file_read(path, LEFT_MOST, &text, &length, NULL) < 0 ? NULL : text;
}

int runs_remove_dead(struct runs *runs, const char *name, struct reason *reason)
{
    int lock = lock_runs(runs, reason);

    if (lock < 0)
        return lock;
    int fd = open_directory(runs, name), error = -ENOENT;

    if (fd >= 0) {
        error = run_lives(fd) ? -EBUSY : remove_all(runs, name, fd);
        close(fd);
    }
    close(lock);
    if (error == -EBUSY)
        return reason_set(reason, EBUSY, "the run %s lives", name);
    return error ? reason_errno(reason, -error, "cannot remove %s/%s", runs->path, name) : 0;
}
