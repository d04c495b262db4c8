/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/undo.h"

#include "base/file.h"
#include "base/reason.h"
#include "host/procfile.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define SCHEMA "mvm-host-undo/1"

enum { FILE_MOST = 1 << 20 };

static bool take_text(const json_t *object, const char *key, char *ret_text, size_t room)
{
    const char *text = json_string_value(json_object_get(object, key));

    if (!text || strlen(text) >= room || strpbrk(text, "\n\r"))
        return false;
    text_copy(ret_text, room, text);
    return true;
}

/* Whoever can write the file decides what root writes where; it is to be settings of the kernel all the same.
 */
static bool is_setting(const char *path)
{
    return (strncmp(path, "/proc/sys/", 10) == 0 || strncmp(path, "/sys/", 5) == 0) && !strstr(path, "/../");
}

static int take_changes(const json_t *root, struct host_changes *changes)
{
    const json_t *list = json_object_get(root, "changes");
    const char *schema = json_string_value(json_object_get(root, "schema"));
    size_t index;
    json_t *item;

    if (!schema || strcmp(schema, SCHEMA) != 0 || !json_is_array(list))
        return -EBADMSG;
    json_array_foreach(list, index, item)
    {
        struct host_change change = {.why = ""};

        if (!take_text(item, "name", change.name, sizeof(change.name)) ||
            !take_text(item, "path", change.path, sizeof(change.path)) ||
            !take_text(item, "before", change.before, sizeof(change.before)) ||
            !take_text(item, "after", change.after, sizeof(change.after)) || !is_setting(change.path))
            return -EBADMSG;
        int error = host_changes_add(changes, &change);

        if (error)
            return error;
    }
    return 0;
}

int host_undo_read(const char *path, struct host_changes *ret_changes, struct reason *reason)
{
    struct host_changes changes = {.items = NULL};
    char *text;
    size_t length;
    int error = file_read(path, FILE_MOST, &text, &length, reason);

    if (error)
        return error;
    json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);

    free(text);
    error = root ? take_changes(root, &changes) : -EBADMSG;
    json_decref(root);
    if (error) {
        host_changes_release(&changes);
        return error == -ENOMEM
                   ? reason_set(reason, ENOMEM, "no memory")
                   : reason_set(reason, EBADMSG, "%s is no undo file of mvm host tune (" SCHEMA ")", path);
    }
    *ret_changes = changes;
    return 0;
}

static int sync_directory_of(const char *path)
{
    char copy[PATH_MAX];

    text_copy(copy, sizeof(copy), path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = fd < 0 || fsync(fd) < 0 ? -errno : 0;

    if (fd >= 0)
        close(fd);
    return error;
}

static int remove_file(const char *path, struct reason *reason)
{
    if (unlink(path) < 0 && errno != ENOENT)
        return reason_errno(reason, errno, "cannot remove %s", path);
    int error = sync_directory_of(path);

    return error ? reason_errno(reason, -error, "cannot write the directory of %s", path) : 0;
}

int host_undo_write(const char *path, const struct host_changes *changes, struct reason *reason)
{
    json_t *root = json_object(), *list = json_array();

    if (changes->count == 0) {
        json_decref(root);
        json_decref(list);
        return remove_file(path, reason);
    }
    for (size_t i = 0; i < changes->count; i++) {
        const struct host_change *change = &changes->items[i];

        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:s, s:s}", "name", change->name, "path", change->path,
                                        "before", change->before, "after", change->after));
    }
    json_object_set_new(root, "schema", json_string(SCHEMA));
    json_object_set_new(root, "changes", list);
    char *text = json_array_size(list) == changes->count ? json_dumps(root, JSON_INDENT(2)) : NULL;
    int error =
        text ? file_replace(path, text, strlen(text), reason) : reason_set(reason, ENOMEM, "no memory");

    json_decref(root);
    free(text);
    if (error)
        return error;
    error = sync_directory_of(path); /* the name has to last as well */
    return error ? reason_errno(reason, -error, "cannot write the directory of %s", path) : 0;
}

int host_undo_lock(const char *path, struct reason *reason)
{
    char copy[PATH_MAX];

    if (strlen(path) >= sizeof(copy))
        return reason_set(reason, ENAMETOOLONG, "the name of the undo file is too long");
    text_copy(copy, sizeof(copy), path);
    const char *directory = dirname(copy);
    int error = directory_make(directory, reason);

    if (error)
        return error;
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0)
        return reason_errno(reason, errno, "cannot open %s", directory);
    if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        error = errno == EWOULDBLOCK
                    ? reason_set(reason, EBUSY, "another mvm host tune is at work with an undo file in %s",
                                 directory)
                    : reason_errno(reason, errno, "cannot lock %s", directory);
        close(fd);
        return error;
    }
    return fd;
}
