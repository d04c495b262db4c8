/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/cache.h"

#include "base/file.h"
#include "base/reason.h"
#include "lab/capture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* Names of folders that are being filled begin so; those of kernels begin with a digit or "file-". */
#define HALF_DONE ".filling-"

int cache_folder(char ret_path[PATH_MAX], struct reason *reason)
{
    int error = user_cache_path("mvm/kernels", ret_path, PATH_MAX - 512);

    if (error == -ENOENT)
        return reason_set(reason, ENOENT, "neither XDG_CACHE_HOME nor HOME says where kernels can be kept");
    if (error)
        return reason_set(reason, ENAMETOOLONG, "the path of the cache, %.60s..., is too long", ret_path);
    return directory_make(ret_path, reason);
}

/* The package's files below `root`. */
static bool look_in(const char *root, struct kernel *ret_kernel)
{
    char pattern[PATH_MAX + 32];
    glob_t found = {.gl_pathc = 0};
    bool whole = false;
    static const char *const modules[] = {"lib/modules", "usr/lib/modules"};

    snprintf(pattern, sizeof(pattern), "%s/boot/vmlinuz-*", root);
    if (glob(pattern, 0, NULL, &found) == 0) {
        const char *image = found.gl_pathv[0], *release = strstr(image + strlen(root), "vmlinuz-") + 8;

        snprintf(ret_kernel->image, sizeof(ret_kernel->image), "%s", image);
        snprintf(ret_kernel->release, sizeof(ret_kernel->release), "%s", release);
        for (size_t i = 0; i < 2 && !whole; i++) {
            struct stat status;

            snprintf(ret_kernel->modules, sizeof(ret_kernel->modules), "%s/%s/%s", root, modules[i], release);
            whole = stat(ret_kernel->modules, &status) == 0 && S_ISDIR(status.st_mode);
        }
    }
    globfree(&found);
    return whole;
}

bool cache_find(const char *folder, const char *key, struct kernel *ret_kernel)
{
    char root[PATH_MAX];
    struct kernel kernel;

    if (!*key || *key == '.' || strchr(key, '/') ||
        (size_t)snprintf(root, sizeof(root), "%s/%s", folder, key) >= sizeof(root) || !look_in(root, &kernel))
        return false;
    *ret_kernel = kernel;
    return true;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status, (void)kind, (void)place;
    remove(path);
    return 0;
}

void cache_remove(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int cache_lock(const char *folder, int stop, struct reason *reason)
{
    char path[PATH_MAX];
    int fd;

    snprintf(path, sizeof(path), "%s/lock", folder);
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (fd < 0)
        return reason_errno(reason, errno, "cannot open %s", path);
    while (flock(fd, LOCK_EX | LOCK_NB) < 0) {
        struct pollfd polled = {.fd = stop, .events = POLLIN};

        if ((errno == EWOULDBLOCK || errno == EINTR) && poll(&polled, 1, 200) == 0)
            continue;
        int error = polled.revents ? reason_set(reason, EINTR, "interrupted")
                                   : reason_errno(reason, errno, "cannot lock %s", path);

        close(fd);
        return error;
    }
    DIR *directory = opendir(folder);

    for (const struct dirent *entry; directory && (entry = readdir(directory));)
        if (strncmp(entry->d_name, HALF_DONE, sizeof(HALF_DONE) - 1) == 0) {
            snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
            cache_remove(path);
        }
    if (directory)
        closedir(directory);
    return fd;
}

int cache_begin(const char *folder, char ret_path[PATH_MAX], struct reason *reason)
{
    snprintf(ret_path, PATH_MAX, "%s/" HALF_DONE "XXXXXX", folder);
    if (!mkdtemp(ret_path))
        return reason_errno(reason, errno, "cannot make a folder in %s", folder);
    return 0;
}

static int run(int stop, struct reason *reason, const char *const *arguments)
{
    struct captured captured;
    int error = capture_success(arguments, stop, &captured, reason);

    if (!error)
        captured_release(&captured);
    return error;
}

/* Until all is on the disk, the name must not say that it is whole. */
static void write_back(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0) {
        syncfs(fd);
        close(fd);
    }
}

int cache_unpack(const char *folder, const char *key, const char *package, int stop,
                 struct kernel *ret_kernel, struct reason *reason)
{
    char root[PATH_MAX], place[PATH_MAX];
    struct kernel kernel;
    int error = cache_begin(folder, root, reason);

    if (error)
        return error;
    const char *const unpack[] = {"dpkg-deb", "--extract", package, root, NULL};

    error = run(stop, reason, unpack);
    if (!error && !look_in(root, &kernel))
        error = reason_set(reason, EINVAL,
                           "%s is not the package of a kernel: it has no boot/vmlinuz-VERSION with "
                           "lib/modules/VERSION",
                           package);
    if (!error) {
        /* Debian's packages leave modules.dep to be made when they are installed. */
        char base[PATH_MAX + 16];
        const char *const depend[] = {"depmod", "--basedir", base, kernel.release, NULL};

        snprintf(base, sizeof(base), "%.*s",
                 (int)(strstr(kernel.modules + strlen(root), "lib/modules") - 1 - kernel.modules),
                 kernel.modules);
        error = run(stop, reason, depend);
    }
    if (!error) {
        write_back(root);
        snprintf(place, sizeof(place), "%s/%s", folder, key);
        if (rename(root, place) < 0)
            error = reason_errno(reason, errno, "cannot keep a kernel as %s", place);
        else if (!look_in(place, ret_kernel))
            error = reason_set(reason, EIO, "%s is not whole", place);
    }
    if (error)
        cache_remove(root);
    return error;
}

void cache_each(const char *folder, void (*take)(void *context, const char *key), void *context)
{
    DIR *directory = opendir(folder);
    struct kernel kernel;

    for (const struct dirent *entry; directory && (entry = readdir(directory));)
        if (cache_find(folder, entry->d_name, &kernel))
            take(context, entry->d_name);
    if (directory)
        closedir(directory);
}
