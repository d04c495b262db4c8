/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/fill.h"

#include "base/file.h"
#include "base/reason.h"
#include "host/spawn.h"
#include "lab/capture.h"
#include "lab/channel.h"
#include "lab/closure.h"
#include "lab/modules.h"
#include "lab/tree.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define OWN_PLACE "/usr/bin/mvm"

static const char search_path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

static int absolute(const char *path, char ret_path[PATH_MAX], struct reason *reason)
{
    char folder[PATH_MAX];

    if (path[0] != '/' && !getcwd(folder, sizeof(folder)))
        return reason_errno(reason, errno, "cannot tell the working folder");
    if (snprintf(ret_path, PATH_MAX, "%s%s%s", path[0] == '/' ? "" : folder, path[0] == '/' ? "" : "/",
                 path) >= PATH_MAX)
        return reason_set(reason, ENAMETOOLONG, "the path %.60s... is too long", path);
    return 0;
}

/* The command's program. "" in `ret_path`: a word that only busybox may know. */
static int find_program(const char *name, char ret_path[PATH_MAX], struct reason *reason)
{
    char *found;
    int error;

    ret_path[0] = '\0';
    if (strcmp(name, "mvm") == 0) {
        snprintf(ret_path, PATH_MAX, OWN_PLACE);
        return 0;
    }
    error = program_find(name, &found, reason);
    if (error)
        return strchr(name, '/') ? reason_set(reason, EINVAL, "there is no program %s", name) : 0;
    error = absolute(strchr(name, '/') ? name : found, ret_path, reason);
    free(found);
    return error;
}

/* A file by its path, or a program by its name. */
static int find_with(const char *name, char ret_path[PATH_MAX], struct reason *reason)
{
    char *found;

    if (access(name, R_OK) == 0)
        return absolute(name, ret_path, reason);
    if (strchr(name, '/') || program_find(name, &found, NULL) < 0)
        return reason_set(reason, EINVAL,
                          "--with %s: there is no such file that can be read, nor such a program", name);
    int error = absolute(found, ret_path, reason);

    free(found);
    return error;
}

int fill_check(const struct lab_wish *wish, struct reason *reason)
{
    char path[PATH_MAX];
    int error = find_program(wish->command[0], path, reason);

    for (size_t i = 0; i < wish->with.count && !error; i++)
        error = find_with(wish->with.items[i], path, reason);
    return error;
}

static int add_text(struct tree *tree, const char *path, const char *text, struct reason *reason)
{
    char *bytes = strdup(text);

    return bytes ? tree_add_bytes(tree, path, 0644, bytes, strlen(text), reason)
                 : reason_set(reason, ENOMEM, "no memory for the laboratory's files");
}

/* The frame of a small Linux, merged as Debian's are. */
static int add_frame(struct tree *tree, struct reason *reason)
{
    static const char *const links[][2] = {
        {"/bin", "usr/bin"}, {"/sbin", "usr/sbin"}, {"/lib", "usr/lib"}, {"/lib64", "usr/lib64"}};
    static const char *const folders[] = {"/usr/bin", "/usr/sbin", "/usr/lib", "/usr/lib64", "/dev",
                                          "/proc",    "/sys",      "/run",     "/root",      "/var"};
    static const char *const texts[][2] = {
        {"/etc/passwd", "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"},
        {"/etc/group", "root:x:0:\nnogroup:x:65534:\n"},
        {"/etc/hosts", "127.0.0.1 localhost lab\n::1 localhost\n"},
        {"/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\n"},
    };
    int error = 0;

    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]) && !error; i++)
        error = tree_add_directory(tree, folders[i], 0755, reason);
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]) && !error; i++)
        error = tree_add_link(tree, links[i][0], links[i][1], reason);
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) && !error; i++)
        error = add_text(tree, texts[i][0], texts[i][1], reason);
    if (!error)
        error = tree_add_directory(tree, "/tmp", 01777, reason);
    return error ? error : tree_add_directory(tree, "/var/tmp", 01777, reason);
}

/* busybox under its own name and all that it answers to, where no program of the host's is. */
static int add_busybox(struct tree *tree, int stop, struct reason *reason)
{
    const char *const arguments[] = {"busybox", "--list", NULL};
    struct captured listed;
    char *busybox;
    int error = program_find("busybox", &busybox, NULL);

    if (error)
        return reason_set(reason, ENOENT,
                          "busybox is not installed (Debian's package busybox-static), which the "
                          "laboratory runs on");
    error = tree_add(tree, busybox, reason);
    if (!error)
        error = capture_success(arguments, stop, &listed, reason);
    if (!error) {
        for (char *name, *rest = listed.output; !error && (name = strsep(&rest, "\n"));) {
            char place[PATH_MAX], other[PATH_MAX];

            if (!*name || strchr(name, '/') || strlen(name) > NAME_MAX)
                continue;
            snprintf(place, sizeof(place), "/usr/bin/%s", name);
            snprintf(other, sizeof(other), "/usr/sbin/%s", name);
            if (!tree_has(tree, other))
                error = tree_add_link(tree, place, busybox, reason);
        }
        captured_release(&listed);
    }
    free(busybox);
    return error;
}

/* The option and its value at `word`, in one word, in two, or within a text. */
static bool says(char *const *word, const char *option, const char *value)
{
    char joined[64], apart[64];

    snprintf(joined, sizeof(joined), "%s=%s", option, value);
    snprintf(apart, sizeof(apart), "%s %s", option, value);
    return (strcmp(*word, option) == 0 && word[1] && strcmp(word[1], value) == 0) || strstr(*word, joined) ||
           strstr(*word, apart);
}

/* QEMU goes in where the command speaks of it: by the program's name, or as the engine of mvm, whose default
 * is qemu-system-i386. */
static int add_named_qemus(struct tree *tree, char *const *command, struct reason *reason)
{
    static const char prefix[] = "qemu-system-";
    int error = 0;

    for (char *const *word = command; *word && !error; word++) {
        const char *meant = says(word, "--engine", "qemu")           ? "qemu-system-i386"
                            : says(word, "--architecture", "x86_64") ? "qemu-system-x86_64"
                                                                     : NULL;
        char *found;

        if (meant && program_find(meant, &found, NULL) == 0) {
            error = tree_add(tree, found, reason);
            free(found);
        }
        for (const char *at = *word; !error && (at = strstr(at, prefix)); at += sizeof(prefix) - 1) {
            char name[64];

            snprintf(name, sizeof(name), "%.*s",
                     (int)strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"), at);
            if (program_find(name, &found, NULL) < 0)
                continue;
            error = tree_add(tree, found, reason);
            free(found);
        }
    }
    return error;
}

static int add_modules(struct module_list *list, struct tree *tree, const struct lab_wish *wish,
                       const struct kernel *kernel, struct reason *reason)
{
    static const char *const always[] = {"virtio_pci", "virtio_console", "kvm_amd"};
    int error = 0;

    for (size_t i = 0; i < sizeof(always) / sizeof(always[0]) && !error; i++)
        error = modules_add(list, tree, kernel->modules, always[i], wish->stop, reason);
    for (size_t i = 0; i < wish->modules.count && !error; i++) {
        error = modules_add(list, tree, kernel->modules, wish->modules.items[i], wish->stop, reason);
        if (error == -ENOENT)
            error = reason_set(reason, EINVAL, "--module %s: the kernel %s has no such module",
                               wish->modules.items[i], kernel->release);
    }
    return error;
}

static void plan_line(FILE *plan, const char *key, const char *value)
{
    fprintf(plan, "%s=%s%c", key, value, '\0');
}

static int add_plan(struct tree *tree, const struct lab_wish *wish, const struct module_list *modules,
                    const char *program, const char *folder, const char *bring, struct reason *reason)
{
    static const char *const handed_on[] = {"TERM", "COLUMNS", "LINES"};
    char *bytes = NULL;
    size_t length = 0;
    FILE *plan = open_memstream(&bytes, &length);

    if (!plan)
        return reason_set(reason, ENOMEM, "no memory for the laboratory's files");
    plan_line(plan, "folder", folder);
    plan_line(plan, "program", program);
    plan_line(plan, "bring", bring);
    plan_line(plan, "input", wish->input >= 0 ? "1" : "0");
    for (size_t i = 0; i < modules->count; i++)
        plan_line(plan, "module", modules->paths[i]);
    for (char *const *word = wish->command; *word; word++)
        plan_line(plan, "argument", *word);
    plan_line(plan, "environment", search_path);
    plan_line(plan, "environment", "HOME=/root");
    plan_line(plan, "environment", "LANG=C.UTF-8");
    for (size_t i = 0; i < sizeof(handed_on) / sizeof(handed_on[0]); i++) {
        const char *value = getenv(handed_on[i]);

        if (value)
            fprintf(plan, "environment=%s=%s%c", handed_on[i], value, '\0');
    }
    if (fclose(plan) != 0) {
        free(bytes);
        return reason_set(reason, ENOMEM, "no memory for the laboratory's files");
    }
    return tree_add_bytes(tree, PLAN_PATH, 0600, bytes, length, reason);
}

/* The folder that the command works in, and the one that comes back. */
static int add_folders(struct tree *tree, const struct lab_wish *wish, char folder[PATH_MAX],
                       char bring[PATH_MAX], struct reason *reason)
{
    int error;

    if (!getcwd(folder, PATH_MAX))
        return reason_errno(reason, errno, "cannot tell the working folder");
    error = tree_add_directory(tree, folder, 0755, reason);
    /* All that a Linux writes is new in /. */
    snprintf(bring, PATH_MAX, "%s", strcmp(folder, "/") == 0 ? "" : folder);
    if (!error && wish->out) {
        error = directory_make(wish->out, reason);
        if (!error && !realpath(wish->out, bring))
            error = reason_errno(reason, errno, "cannot use %s", wish->out);
        if (!error)
            error = tree_add_directory(tree, bring, 0755, reason);
    }
    return error;
}

static int add_programs(struct tree *tree, const struct lab_wish *wish, char program[PATH_MAX],
                        struct reason *reason)
{
    char own[PATH_MAX], path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", own, sizeof(own) - 1);
    int error;

    if (length < 0)
        return reason_errno(reason, errno, "cannot tell where this program is");
    own[length] = '\0';
    error = tree_add_as(tree, OWN_PLACE, own, reason);
    if (!error)
        error = find_program(wish->command[0], program, reason);
    if (!error && program[0] && strcmp(wish->command[0], "mvm") != 0)
        error = tree_add(tree, program, reason);
    for (size_t i = 0; i < wish->with.count && !error; i++) {
        error = find_with(wish->with.items[i], path, reason);
        if (!error)
            error = tree_add(tree, path, reason);
    }
    if (!error)
        error = add_named_qemus(tree, wish->command, reason);
    if (!error)
        error = closure_add(tree, wish->stop, reason);
    if (!error)
        error = add_busybox(tree, wish->stop, reason);
    if (!error && !program[0]) {
        snprintf(program, PATH_MAX, "/usr/bin/%.*s", NAME_MAX, wish->command[0]);
        if (!tree_has(tree, program))
            error = reason_set(reason, EINVAL, "there is no program '%s', neither in PATH nor in busybox",
                               wish->command[0]);
    }
    /* busybox itself may need libraries. */
    return error ? error : closure_add(tree, wish->stop, reason);
}

static int write_archive(const struct tree *tree, struct reason *reason)
{
    int fd = memfd_create("mvm-lab", MFD_CLOEXEC);

    if (fd < 0)
        return reason_errno(reason, errno, "cannot make a file in memory");
    int error = tree_write(tree, fd, reason);

    if (error) {
        close(fd);
        return error;
    }
    return fd;
}

int fill_lab(const struct lab_wish *wish, const struct kernel *kernel, char ret_bring[PATH_MAX],
             struct reason *reason)
{
    struct tree tree = {.entries = NULL};
    struct module_list modules = {.paths = NULL};
    char program[PATH_MAX], folder[PATH_MAX];
    int fd = -1, error = add_frame(&tree, reason);

    if (!error)
        error = add_folders(&tree, wish, folder, ret_bring, reason);
    if (!error)
        error = add_programs(&tree, wish, program, reason);
    if (!error)
        error = add_modules(&modules, &tree, wish, kernel, reason);
    if (!error)
        error = add_plan(&tree, wish, &modules, program, folder, ret_bring, reason);
    if (!error)
        fd = write_archive(&tree, reason);
    module_list_release(&modules);
    tree_release(&tree);
    return error ? error : fd;
}
