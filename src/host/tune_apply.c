/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Changes made, and taken back. */
#include "host/tune.h"

#include "base/reason.h"
#include "host/procfile.h"
#include "host/undo.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int open_setting(const char *root, const char *path)
{
    char whole[PROCFILE_PATH];

    if ((size_t)snprintf(whole, sizeof(whole), "%s%s", root, path) >= sizeof(whole))
        return -ENAMETOOLONG;
    int fd = open(whole, O_WRONLY | O_CLOEXEC);

    return fd < 0 ? -errno : fd;
}

static int write_setting(const char *root, const char *path, const char *value)
{
    char text[SETTING_ROOM + 1];

    snprintf(text, sizeof(text), "%s\n", value);
    return procfile_write(root, path, text);
}

/* Tells each of those that cannot be written. */
static bool may_write_all(const struct host_changes *changes, const char *root,
                          const struct host_tune_hooks *hooks)
{
    bool may = true;

    for (size_t i = 0; i < changes->count; i++) {
        int fd = open_setting(root, changes->items[i].path);

        if (fd >= 0) {
            close(fd);
            continue;
        }
        may = false;
        hooks->trouble(hooks->context, &changes->items[i], strerror(-fd));
    }
    return may;
}

static int refuse(struct reason *reason)
{
    return reason_set(reason, EPERM,
                      "nothing was changed, as what is named above cannot be written; root may");
}

static struct host_change *find(struct host_changes *changes, const char *path)
{
    for (size_t i = 0; i < changes->count; i++)
        if (strcmp(changes->items[i].path, path) == 0)
            return &changes->items[i];
    return NULL;
}

static void remove_at(struct host_changes *changes, size_t index)
{
    memmove(&changes->items[index], &changes->items[index + 1],
            (changes->count - index - 1) * sizeof(changes->items[0]));
    changes->count--;
}

/* Puts the change into the undo file. What was there before an earlier tuning stays what is gone back to. */
static int note(struct host_changes *undo, const char *undo_path, const struct host_change *change,
                struct reason *reason)
{
    struct host_change *earlier = find(undo, change->path);

    if (earlier)
        text_copy(earlier->after, sizeof(earlier->after), change->after);
    else if (host_changes_add(undo, change) < 0)
        return reason_set(reason, ENOMEM, "no memory");
    return host_undo_write(undo_path, undo, reason);
}

/* It was not made after all: the undo file says what it said before. */
static int take_note_back(struct host_changes *undo, const char *undo_path, const struct host_change *change,
                          const struct host_change *earlier, struct reason *reason)
{
    struct host_change *noted = find(undo, change->path);

    if (earlier)
        *noted = *earlier;
    else
        remove_at(undo, (size_t)(noted - undo->items));
    return host_undo_write(undo_path, undo, reason);
}

/* Makes one change. 0; -EIO: it failed, and was told; another error: the undo file cannot be written. */
static int make(struct host_changes *undo, const char *undo_path, const struct host_change *change,
                const char *root, const struct host_tune_hooks *hooks, struct reason *reason)
{
    const struct host_change *found = find(undo, change->path);
    struct host_change earlier = found ? *found : (struct host_change){.name = ""}, made = *change;
    char text[256];
    int error;

    hooks->before(hooks->context, change);
    error = note(undo, undo_path, change, reason);
    if (error)
        return error;
    error = write_setting(root, change->path, change->after);
    if (error) {
        hooks->trouble(hooks->context, change, strerror(-error));
        error = take_note_back(undo, undo_path, change, found ? &earlier : NULL, reason);
        return error ? error : -EIO;
    }
    if (procfile_setting(root, change->path, made.after, sizeof(made.after)) < 0 ||
        strcmp(made.after, change->after) == 0)
        return 0;
    snprintf(text, sizeof(text), "the kernel made %s of it", made.after);
    hooks->trouble(hooks->context, change, text);
    return note(undo, undo_path, &made, reason);
}

int host_tune_apply(const struct host_changes *changes, const char *undo_path, const char *root,
                    const struct host_tune_hooks *hooks, struct reason *reason)
{
    struct host_changes undo = {.items = NULL};
    int failed = 0;

    if (!may_write_all(changes, root, hooks))
        return refuse(reason);
    int lock = host_undo_lock(undo_path, reason);

    if (lock < 0)
        return lock;
    int error = host_undo_read(undo_path, &undo, reason);

    if (error == -ENOENT)
        error = 0;
    for (size_t i = 0; i < changes->count && !error; i++) {
        error = make(&undo, undo_path, &changes->items[i], root, hooks, reason);
        if (error == -EIO) {
            failed = reason_set(reason, EIO, "not all could be changed; the rest was");
            error = 0;
        }
    }
    host_changes_release(&undo);
    close(lock);
    return error ? error : failed;
}

enum outcome { DONE, LEFT, FAILED };

/* Takes one change back; tells it when it cannot. */
static enum outcome take_back(const struct host_change *change, bool force, bool dry_run, const char *root,
                              const struct host_tune_hooks *hooks)
{
    struct host_change back = *change;
    char now[SETTING_ROOM], text[256];
    int error = procfile_setting(root, change->path, now, sizeof(now));

    text_copy(back.before, sizeof(back.before), now);
    text_copy(back.after, sizeof(back.after), change->before);
    if (!error && strcmp(now, change->before) == 0)
        return DONE;
    if (!error && strcmp(now, change->after) != 0 && !force) {
        snprintf(text, sizeof(text),
                 "is %s now, which is not what it was set to (%s): somebody else has changed it, and "
                 "it is left so; before it was %s",
                 now, change->after, change->before);
        hooks->trouble(hooks->context, change, text);
        return LEFT;
    }
    if (!error) {
        hooks->before(hooks->context, &back);
        if (dry_run)
            return DONE;
        error = write_setting(root, change->path, change->before);
    }
    if (!error)
        error = procfile_setting(root, change->path, now, sizeof(now));
    if (error || strcmp(now, change->before) != 0) {
        snprintf(text, sizeof(text), "the kernel made %s of it", now);
        hooks->trouble(hooks->context, change, error ? strerror(-error) : text);
        return FAILED;
    }
    return DONE;
}

int host_tune_undo(const char *undo_path, bool force, bool dry_run, const char *root,
                   const struct host_tune_hooks *hooks, struct reason *reason)
{
    struct host_changes undo = {.items = NULL};
    size_t left = 0, failed = 0;

    /* Locked by what makes directories, so looked for first. */
    if (access(undo_path, F_OK) < 0)
        return reason_set(reason, errno, "there is no undo file %s: nothing was tuned, or it was undone",
                          undo_path);
    int lock = host_undo_lock(undo_path, reason);

    if (lock < 0)
        return lock;
    int error = host_undo_read(undo_path, &undo, reason);

    if (!error && !dry_run && !may_write_all(&undo, root, hooks))
        error = refuse(reason);
    for (size_t i = undo.count; i-- > 0 && !error;) {
        enum outcome outcome = take_back(&undo.items[i], force, dry_run, root, hooks);

        left += outcome == LEFT;
        failed += outcome == FAILED;
        if (outcome != DONE || dry_run)
            continue;
        remove_at(&undo, i);
        error = host_undo_write(undo_path, &undo, reason);
    }
    host_changes_release(&undo);
    close(lock);
    if (error)
        return error;
    if (failed > 0)
        return reason_set(reason, EIO, "not all could be taken back; %s keeps what is left", undo_path);
    if (left > 0)
        return reason_set(reason, EEXIST,
                          "what somebody else has changed stays in %s; --force takes it back too", undo_path);
    return 0;
}
