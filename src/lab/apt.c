/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/apt.h"

#include "base/reason.h"
#include "lab/capture.h"

#include <ctype.h>
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX "linux-image-"
#define SUFFIX "-cloud-amd64"

enum { OPTIONS_ROOM = PATH_MAX + 64, KERNELS_MOST = CAPTURE_ARGUMENTS - 16 };

/* Runs an apt command in `folder` (NULL: anywhere) with the lists that are asked for. */
static int run_in(const char *folder, const struct apt *apt, const char *const *words,
                  struct captured *ret_captured, struct reason *reason)
{
    const char *arguments[CAPTURE_ARGUMENTS];
    char options[3][OPTIONS_ROOM];
    size_t count = 0;

    /* apt and what it starts speak the language that is read here. */
    arguments[count++] = "env";
    if (folder) {
        arguments[count++] = "--chdir";
        arguments[count++] = folder;
    }
    arguments[count++] = "LC_ALL=C";
    arguments[count++] = *words++;
    if (apt->lists) {
        snprintf(options[0], OPTIONS_ROOM, "-oDir::State::lists=%s/lists", apt->lists);
        snprintf(options[1], OPTIONS_ROOM, "-oDir::Cache::pkgcache=%s/pkgcache.bin", apt->lists);
        snprintf(options[2], OPTIONS_ROOM, "-oDir::Cache::srcpkgcache=%s/srcpkgcache.bin", apt->lists);
        for (int i = 0; i < 3; i++)
            arguments[count++] = options[i];
        /* Started by root, apt would give up its permissions, and with them the way to the folder. */
        arguments[count++] = "-oAPT::Sandbox::User=root";
        arguments[count++] = "-oDebug::NoLocking=true";
    }
    while (*words && count < CAPTURE_ARGUMENTS - 1)
        arguments[count++] = *words++;
    arguments[count] = NULL;

    int error = capture(arguments, apt->stop, ret_captured, reason);

    if (error || ret_captured->status == 0)
        return error;
    if (ret_captured->status == 127)
        error = reason_set(reason, ENOENT, "apt is not installed, which fetches kernels for the laboratory");
    else
        error = reason_set(reason, EIO, "apt: %s", ret_captured->complaint);
    captured_release(ret_captured);
    return error;
}

static int run(const struct apt *apt, const char *const *words, struct captured *ret_captured,
               struct reason *reason)
{
    return run_in(NULL, apt, words, ret_captured, reason);
}

int apt_update(const struct apt *apt, struct reason *reason)
{
    const char *const words[] = {"apt-get", "update", "--quiet", "--error-on=any", NULL};
    struct captured captured;
    int error = run(apt, words, &captured, reason);

    if (!error)
        captured_release(&captured);
    return error;
}

/* A package of one kernel has at least "6.1.0"; those of fewer numbers stand for others. */
static bool is_kernel(const char *name, char ret_release[APT_RELEASE_ROOM])
{
    size_t length = strlen(name), before = sizeof(PREFIX) - 1, behind = sizeof(SUFFIX) - 1;
    unsigned dots = 0;

    if (length <= before + behind || strncmp(name, PREFIX, before) != 0 ||
        strcmp(name + length - behind, SUFFIX) != 0 || !isdigit((unsigned char)name[before]))
        return false;
    for (const char *c = name + before; c < name + length - behind; c++)
        dots += *c == '.';
    return dots >= 2 && snprintf(ret_release, APT_RELEASE_ROOM, "%s", name + before) < (int)APT_RELEASE_ROOM;
}

static int by_release(const void *a, const void *b)
{
    const struct apt_kernel *left = a, *right = b;

    return strverscmp(left->release, right->release);
}

/* Lines " linux-image-6.1.0-56-cloud-amd64 | 6.1.192-2 | http://deb.debian.org/... bookworm-security/main
 * amd64 Packages"; the newest version of each comes first. */
static size_t take_offers(char *text, struct apt_kernel *kernels)
{
    size_t count = 0;

    for (char *line, *rest = text; count < KERNELS_MOST && (line = strsep(&rest, "\n"));) {
        struct apt_kernel *kernel = &kernels[count];
        char name[256], address[256];

        if (sscanf(line, " %255s | %63s | %255s %63s", name, kernel->version, address, kernel->archive) !=
                4 ||
            strcmp(line + strlen(line) - (strlen(line) >= 7 ? 7 : 0), "Sources") == 0 ||
            !is_kernel(name, kernel->release))
            continue;
        if (count == 0 || strcmp(kernels[count - 1].release, kernel->release) != 0)
            count++;
    }
    return count;
}

int apt_kernels(const struct apt *apt, struct apt_kernel **ret_kernels, size_t *ret_count,
                struct reason *reason)
{
    const char *const names[] = {"apt-cache", "pkgnames", PREFIX, NULL};
    const char *words[CAPTURE_ARGUMENTS] = {"apt-cache", "madison"};
    struct captured listed, offered;
    size_t count = 2;
    int error = run(apt, names, &listed, reason);

    if (error)
        return error;
    for (char *name, *rest = listed.output; count < KERNELS_MOST && (name = strsep(&rest, "\n"));) {
        char release[APT_RELEASE_ROOM];

        if (is_kernel(name, release))
            words[count++] = name;
    }
    struct apt_kernel *kernels = calloc(KERNELS_MOST, sizeof(*kernels));

    *ret_count = 0;
    if (!kernels)
        error = reason_set(reason, ENOMEM, "no memory for the list of kernels");
    else if (count > 2)
        error = run(apt, words, &offered, reason);
    if (!error && count > 2) {
        *ret_count = take_offers(offered.output, kernels);
        captured_release(&offered);
    }
    captured_release(&listed);
    if (!error && *ret_count == 0)
        error =
            reason_set(reason, ENOENT,
                       "apt knows no cloud kernel of Debian (" PREFIX "VERSION" SUFFIX "); --package FILE "
                       "takes one from a file");
    if (error) {
        free(kernels);
        return error;
    }
    qsort(kernels, *ret_count, sizeof(*kernels), by_release);
    *ret_kernels = kernels;
    return 0;
}

int apt_default_release(const struct apt *apt, char ret_release[APT_RELEASE_ROOM], struct reason *reason)
{
    const char *const words[] = {"apt-cache", "depends", "--no-recommends", PREFIX "cloud-amd64", NULL};
    struct captured captured;
    struct reason said = {""};
    int error = run(apt, words, &captured, &said);

    if (error == -EIO)
        return reason_set(
            reason, EIO, "apt does not know the package " PREFIX "cloud-amd64 of Debian (%.400s)", said.text);
    if (error)
        return reason_set(reason, -error, "%s", said.text);
    bool found = false;

    for (char *line, *rest = captured.output; !found && (line = strsep(&rest, "\n"));) {
        char *name = strstr(line, "Depends: ");

        found = name && is_kernel(name + 9, ret_release);
    }
    captured_release(&captured);
    return found
               ? 0
               : reason_set(reason, ENOENT, "apt does not know the package " PREFIX "cloud-amd64 of Debian");
}

int apt_fetch(const struct apt *apt, const char *release, const char *folder, char **ret_path,
              struct reason *reason)
{
    char package[APT_RELEASE_ROOM + sizeof(PREFIX)], pattern[PATH_MAX];
    struct captured captured;
    glob_t found = {.gl_pathc = 0};

    snprintf(package, sizeof(package), PREFIX "%s", release);
    snprintf(pattern, sizeof(pattern), "%s/" PREFIX "*.deb", folder);

    /* apt-get download writes to its working folder. */
    const char *const words[] = {"apt-get", "--quiet", "download", package, NULL};
    int error = run_in(folder, apt, words, &captured, reason);

    if (error)
        return error;
    captured_release(&captured);
    if (glob(pattern, 0, NULL, &found) == 0)
        *ret_path = strdup(found.gl_pathv[0]);
    else
        error = reason_set(reason, EIO, "apt fetched no package %s", package);
    globfree(&found);
    return error;
}
