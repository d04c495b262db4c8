/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/modules.h"

#include "base/file.h"
#include "base/reason.h"
#include "lab/capture.h"
#include "lab/tree.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TABLE_MOST = 16 << 20 };

/* "kernel/arch/x86/kvm/kvm-amd.ko.xz" is "kvm_amd": - and _ are one in names of modules. */
static bool is_named(const char *path, size_t length, const char *name)
{
    size_t start = length, name_length = strlen(name);

    while (start > 0 && path[start - 1] != '/')
        start--;
    if (length - start < name_length + 3 || strncmp(path + start + name_length, ".ko", 3) != 0)
        return false;
    for (size_t i = 0; i < name_length; i++) {
        char a = path[start + i] == '-' ? '_' : path[start + i], b = name[i] == '-' ? '_' : name[i];

        if (a != b)
            return false;
    }
    return true;
}

/* The line of modules.dep or modules.builtin that begins with the module, or NULL. */
static const char *find_line(const char *table, const char *name)
{
    for (const char *line = table; *line; line += strcspn(line, "\n"), line += *line == '\n')
        if (is_named(line, strcspn(line, ":\n"), name))
            return line;
    return NULL;
}

static bool is_builtin(const char *folder, const char *name)
{
    char path[PATH_MAX], *table;
    size_t length;

    snprintf(path, sizeof(path), "%s/modules.builtin", folder);
    if (file_read(path, TABLE_MOST, &table, &length, NULL) < 0)
        return false;
    bool found = find_line(table, name) != NULL;

    free(table);
    return found;
}

static int load(const char *source, int stop, char **ret_bytes, size_t *ret_length, struct reason *reason)
{
    size_t length = strlen(source);

    if (length > 3 && strcmp(source + length - 3, ".xz") == 0) {
        const char *const arguments[] = {"xz", "--decompress", "--stdout", source, NULL};
        struct captured captured;
        int error = capture_success(arguments, stop, &captured, reason);

        if (!error) {
            *ret_bytes = captured.output;
            *ret_length = captured.length;
        }
        return error;
    }
    return file_read(source, 256 << 20, ret_bytes, ret_length, reason);
}

/* Adds one module, named by its path below the folder. */
static int add_file(struct module_list *list, struct tree *tree, const char *folder, const char *path,
                    size_t path_length, int stop, struct reason *reason)
{
    char source[PATH_MAX], place[PATH_MAX], *bytes, **grown;
    const char *end = memmem(path, path_length, ".ko", 3), *start = end;
    size_t length;
    int error;

    while (start > path && start[-1] != '/')
        start--;
    snprintf(source, sizeof(source), "%s/%.*s", folder, (int)path_length, path);
    snprintf(place, sizeof(place), "/.lab/modules/%.*s.ko", (int)(end - start), start);
    if (tree_has(tree, place))
        return 0;
    error = load(source, stop, &bytes, &length, reason);
    if (!error)
        error = tree_add_bytes(tree, place, 0644, bytes, length, reason);
    if (error)
        return error;
    grown = realloc(list->paths, (list->count + 1) * sizeof(*grown));
    if (!grown)
        return reason_set(reason, ENOMEM, "no memory for kernel modules");
    list->paths = grown;
    list->paths[list->count] = strdup(place);
    if (!list->paths[list->count])
        return reason_set(reason, ENOMEM, "no memory for kernel modules");
    list->count++;
    return 0;
}

/* A line of modules.dep names what a module needs, directly or not, so that each comes after what it needs
 * itself: it is read from its end, as modprobe does. */
static int add_line(struct module_list *list, struct tree *tree, const char *folder, const char *line,
                    int stop, struct reason *reason)
{
    size_t own = strcspn(line, ":\n"), at = strcspn(line, "\n");
    int error = 0;

    while (at > own && !error) {
        size_t end = at;

        while (at > own + 1 && line[at - 1] != ' ')
            at--;
        if (end > at)
            error = add_file(list, tree, folder, line + at, end - at, stop, reason);
        at--;
    }
    return error ? error : add_file(list, tree, folder, line, own, stop, reason);
}

int modules_add(struct module_list *list, struct tree *tree, const char *folder, const char *name, int stop,
                struct reason *reason)
{
    char path[PATH_MAX], *table;
    size_t length;

    snprintf(path, sizeof(path), "%s/modules.dep", folder);
    int error = file_read(path, TABLE_MOST, &table, &length, reason);

    if (error)
        return error;
    const char *line = find_line(table, name);

    if (line)
        error = add_line(list, tree, folder, line, stop, reason);
    else if (!is_builtin(folder, name))
        error = reason_set(reason, ENOENT, "the kernel has no module '%s'", name);
    free(table);
    return error;
}

void module_list_release(struct module_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->paths[i]);
    free(list->paths);
    *list = (struct module_list){.paths = NULL};
}
