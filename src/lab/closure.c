/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/closure.h"

#include "base/reason.h"
#include "host/spawn.h"
#include "lab/capture.h"
#include "lab/tree.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The loader of this program, for libraries, which name none. */
static const char own_loader[] = "/lib64/ld-linux-x86-64.so.2";

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static bool is_loader(const char *path)
{
    return strncmp(base_name(path), "ld-linux", 8) == 0 || strncmp(base_name(path), "ld-musl", 7) == 0;
}

/* What the head of an ELF file says of how it is loaded. */
struct elf_needs {
    bool dynamic;
    char loader[PATH_MAX]; /* "" when it names none */
};

static bool read_elf(int fd, const Elf64_Ehdr *header, struct elf_needs *ret_needs)
{
    *ret_needs = (struct elf_needs){.dynamic = false};
    if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_ident[EI_CLASS] != ELFCLASS64 ||
        header->e_machine != EM_X86_64 || (header->e_type != ET_EXEC && header->e_type != ET_DYN) ||
        header->e_phentsize != sizeof(Elf64_Phdr))
        return false;
    for (unsigned i = 0; i < header->e_phnum; i++) {
        Elf64_Phdr part;

        if (pread(fd, &part, sizeof(part), (off_t)(header->e_phoff + i * sizeof(part))) != sizeof(part))
            return false;
        if (part.p_type == PT_DYNAMIC)
            ret_needs->dynamic = true;
        if (part.p_type == PT_INTERP && part.p_filesz < sizeof(ret_needs->loader) &&
            pread(fd, ret_needs->loader, part.p_filesz, (off_t)part.p_offset) != (ssize_t)part.p_filesz)
            return false;
    }
    return ret_needs->dynamic;
}

/* Lines "\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x...)" and "\t/lib64/ld-linux-x86-64.so.2 (0x...)".
 */
static int add_listed(struct tree *tree, char *text, struct reason *reason)
{
    int error = 0;
    char *rest = text;

    for (char *line; !error && (line = strsep(&rest, "\n"));) {
        char *arrow = strstr(line, " => "), *path = arrow ? arrow + 4 : line + strspn(line, " \t");
        char *end = strstr(path, " (0x");

        if (path[0] != '/' || !end)
            continue; /* the kernel's own (vdso) */
        *end = '\0';
        error = tree_add(tree, path, reason);
    }
    return error;
}

static int add_libraries(struct tree *tree, const char *path, const struct elf_needs *needs, int stop,
                         struct reason *reason)
{
    const char *loader = needs->loader[0] ? needs->loader : own_loader;
    const char *const arguments[] = {loader, "--list", path, NULL};
    struct captured captured;
    int error = capture(arguments, stop, &captured, reason);

    if (error)
        return error;
    if (captured.status == 0)
        error = add_listed(tree, captured.output, reason);
    else if (needs->loader[0]) /* a library alone may lean on the program that opens it */
        error = reason_set(reason, ENOENT, "%s cannot run on this host: %s", path, captured.complaint);
    captured_release(&captured);
    return error ? error : tree_add(tree, loader, reason);
}

/* "#!/usr/bin/env bash": the interpreter, and the program that env finds. */
static int add_interpreter(struct tree *tree, const char *script, char *line, struct reason *reason)
{
    char *words = line + 2, *program, *word;

    words[strcspn(words, "\n")] = '\0';
    words += strspn(words, " \t");
    program = strsep(&words, " \t");
    if (program[0] != '/')
        return reason_set(reason, ENOENT, "the first line of %s names no interpreter by its path", script);
    int error = tree_add(tree, program, reason);

    while (!error && strcmp(base_name(program), "env") == 0 && (word = strsep(&words, " \t"))) {
        char *found = NULL;

        if (!*word || *word == '-' || strchr(word, '='))
            continue;
        error = program_find(word, &found, reason);
        if (!error)
            error = tree_add(tree, found, reason);
        free(found);
        break;
    }
    return error;
}

/* QEMU opens these by name. The accelerators are modules of Debian's packages, in which some of the programs
 * are scripts that start one of the same name elsewhere. */
static int add_qemu(struct tree *tree, const char *name, struct reason *reason)
{
    static const char *const patterns[] = {
        "/usr/share/seabios/*",
        "/usr/share/qemu/*.bin",
        "/usr/share/qemu/*.rom",
        "/usr/lib/x86_64-linux-gnu/qemu/accel-*.so",
    };
    char program[PATH_MAX];
    int error = 0;

    snprintf(program, sizeof(program), "/usr/libexec/%s", name);
    if (access(program, R_OK) == 0)
        error = tree_add(tree, program, reason);
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]) && !error; i++) {
        glob_t found = {.gl_pathc = 0};

        if (glob(patterns[i], 0, NULL, &found) == 0)
            for (size_t k = 0; k < found.gl_pathc && !error; k++)
                error = tree_add(tree, found.gl_pathv[k], reason);
        globfree(&found);
    }
    return error;
}

static int look_at(struct tree *tree, const char *source, mode_t mode, int stop, struct reason *reason)
{
    union {
        Elf64_Ehdr elf;
        char text[1024];
    } head = {.text = ""};
    struct elf_needs needs;
    int fd = open(source, O_RDONLY | O_CLOEXEC), error = 0;
    ssize_t got;

    if (fd < 0)
        return reason_errno(reason, errno, "cannot read %s", source);
    got = read(fd, head.text, sizeof(head.text) - 1);
    if (got >= (ssize_t)sizeof(head.elf) && read_elf(fd, &head.elf, &needs))
        error = is_loader(source) ? 0 : add_libraries(tree, source, &needs, stop, reason);
    else if (got > 2 && (mode & 0111) && head.text[0] == '#' && head.text[1] == '!')
        error = add_interpreter(tree, source, head.text, reason);
    close(fd);
    if (!error && strncmp(base_name(source), "qemu-system-", 12) == 0)
        error = add_qemu(tree, base_name(source), reason);
    return error;
}

int closure_add(struct tree *tree, int stop, struct reason *reason)
{
    int error = 0;

    /* The tree grows as it is looked at. */
    for (size_t i = 0; i < tree->count && !error; i++) {
        struct tree_entry *entry = &tree->entries[i];

        if (!entry->source || entry->looked_at)
            continue;
        entry->looked_at = true;

        /* Looking may move the entries, but not what they point at. */
        error = look_at(tree, entry->source, entry->mode, stop, reason);
    }
    return error;
}
