/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/kernel.h"

#include "base/file.h"
#include "base/reason.h"
#include "lab/cache.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define FLAVOUR "-cloud-amd64"

/* What the default stands for is asked for again when it is older. */
enum { DEFAULT_SECONDS = 86400, KEY_ROOM = 80 };

/* A cache that is being asked. */
struct search {
    const struct kernel_wish *wish;
    char folder[PATH_MAX];
    char lists[PATH_MAX]; /* of packages, our own */
    struct apt apt;
};

static int begin(struct search *search, const struct kernel_wish *wish, struct reason *reason)
{
    int error = cache_folder(search->folder, reason);

    search->wish = wish;
    search->apt = (struct apt){.lists = NULL, .stop = wish->stop};
    snprintf(search->lists, sizeof(search->lists), "%.*s/apt", PATH_MAX - 8, search->folder);
    return error;
}

static void say(const struct search *search, const char *what, const char *which)
{
    char sentence[256];

    if (!search->wish->say)
        return;
    snprintf(sentence, sizeof(sentence), "%s%s", what, which);
    search->wish->say(sentence);
}

/* From now on apt is asked with lists of our own, brought up to date. */
static int take_own_lists(struct search *search, struct reason *reason)
{
    char path[PATH_MAX + 32];

    snprintf(path, sizeof(path), "%s/lists/partial", search->lists);
    search->apt.lists = search->lists;
    int error = directory_make(path, reason);

    if (error)
        return error;
    say(search, "fetching apt's lists of packages", "");
    return apt_update(&search->apt, reason);
}

/* "6.1" is 6.1.0-56-cloud-amd64, but not 6.12.117. */
static bool matches(const char *release, const char *version)
{
    size_t length = strlen(version);

    return strncmp(release, version, length) == 0 &&
           (release[length] == '\0' || strchr(".-+", release[length]) != NULL);
}

/* Among releases from oldest to newest. NULL: none. */
static const struct apt_kernel *choose(const struct apt_kernel *kernels, size_t count, const char *version)
{
    if (count == 0)
        return NULL;
    if (strcmp(version, "oldest") == 0)
        return &kernels[0];
    if (strcmp(version, "newest") == 0)
        return &kernels[count - 1];
    while (count-- > 0)
        if (matches(kernels[count].release, version))
            return &kernels[count];
    return NULL;
}

/* Asks apt which release is meant. */
static int resolve(const struct search *search, char ret_release[APT_RELEASE_ROOM], struct reason *reason)
{
    const char *version = search->wish->version;
    struct apt_kernel *kernels;
    size_t count;

    if (!version)
        return apt_default_release(&search->apt, ret_release, reason);
    int error = apt_kernels(&search->apt, &kernels, &count, reason);

    if (error)
        return error;
    const struct apt_kernel *chosen = choose(kernels, count, version);

    if (chosen)
        snprintf(ret_release, APT_RELEASE_ROOM, "%s", chosen->release);
    else
        error = reason_set(reason, EINVAL,
                           "apt has no cloud kernel '%s'; 'mvm lab --kernel list' shows those "
                           "that it has",
                           version);
    free(kernels);
    return error;
}

struct cached {
    const char *version;
    char best[KEY_ROOM + APT_RELEASE_ROOM];
    struct apt_kernel *kernels; /* or NULL: only the best is looked for */
    size_t count;
};

static void take_cached(void *context, const char *key)
{
    struct cached *cached = context;
    const char *version = cached->version;
    bool oldest = version && strcmp(version, "oldest") == 0;
    bool any = !version || oldest || strcmp(version, "newest") == 0;

    if (strncmp(key, "file-", 5) == 0 || (!any && !matches(key, version)))
        return;
    if (!cached->best[0] || (strverscmp(key, cached->best) > 0) != oldest)
        snprintf(cached->best, sizeof(cached->best), "%s", key);
}

/* The best that is there, for when apt cannot be asked. */
static bool find_cached(const struct search *search, struct kernel *ret_kernel)
{
    struct cached cached = {.version = search->wish->version};

    cache_each(search->folder, take_cached, &cached);
    return cached.best[0] && cache_find(search->folder, cached.best, ret_kernel);
}

/* An exact release, or the default of less than a day ago, needs no apt. */
static bool find_known(const struct search *search, struct kernel *ret_kernel)
{
    char key[APT_RELEASE_ROOM + sizeof(FLAVOUR)], path[PATH_MAX], *text;
    const char *version = search->wish->version;
    size_t length;
    struct stat status;

    if (version) {
        snprintf(key, sizeof(key), "%.*s" FLAVOUR, (int)APT_RELEASE_ROOM - 1, version);
        return cache_find(search->folder, version, ret_kernel) || cache_find(search->folder, key, ret_kernel);
    }
    snprintf(path, sizeof(path), "%.*s/default", PATH_MAX - 16, search->folder);
    if (stat(path, &status) < 0 || time(NULL) - status.st_mtime > DEFAULT_SECONDS ||
        file_read(path, APT_RELEASE_ROOM, &text, &length, NULL) < 0)
        return false;
    bool found = cache_find(search->folder, text, ret_kernel);

    free(text);
    return found;
}

static void remember_default(const struct search *search, const char *release)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%.*s/default", PATH_MAX - 16, search->folder);
    file_replace(path, release, strlen(release), NULL);
}

static int fetch_and_unpack(struct search *search, const char *release, struct kernel *ret_kernel,
                            struct reason *reason)
{
    char folder[PATH_MAX], *package;
    int error = cache_begin(search->folder, folder, reason);

    if (error)
        return error;
    say(search, "fetching the kernel ", release);
    error = apt_fetch(&search->apt, release, folder, &package, reason);
    if (!error) {
        say(search, "unpacking the kernel ", release);
        error = cache_unpack(search->folder, release, package, search->wish->stop, ret_kernel, reason);
        free(package);
    }
    cache_remove(folder);
    return error;
}

/* The cache is locked. */
static int fill(struct search *search, struct kernel *ret_kernel, struct reason *reason)
{
    char release[APT_RELEASE_ROOM];
    int error = resolve(search, release, reason);

    if (!error && !cache_find(search->folder, release, ret_kernel))
        error = fetch_and_unpack(search, release, ret_kernel, reason);
    if (!error && !search->wish->version)
        remember_default(search, release);
    return error;
}

static int from_apt(struct search *search, struct kernel *ret_kernel, struct reason *reason)
{
    if (find_known(search, ret_kernel))
        return 0;
    int lock = cache_lock(search->folder, search->wish->stop, reason);

    if (lock < 0)
        return lock;
    /* Somebody may have fetched it while this one waited. */
    int error = find_known(search, ret_kernel) ? 0 : fill(search, ret_kernel, reason);
    struct reason second = {""};

    /* The system's lists may be absent, or so old that what they name is gone. */
    if (error && error != -EINTR && error != -ENOSPC) {
        int other = take_own_lists(search, &second);

        if (!other)
            error = fill(search, ret_kernel, reason);
        else if (other == -EINTR)
            error = reason_set(reason, EINTR, "interrupted");
        else if (error != -EINVAL) {
            struct reason first = *reason;

            reason_set(reason, -error, "%.400s; nor can lists of packages be fetched (%.400s)", first.text,
                       second.text);
        }
        if (error && error != -EINTR && find_cached(search, ret_kernel)) {
            say(search, "apt cannot be asked; taking from the cache the kernel ", ret_kernel->release);
            error = 0;
        }
    }
    if (search->apt.lists)
        cache_remove(search->apt.lists); /* large, and soon out of date */
    close(lock);
    return error;
}

static int from_file(struct search *search, struct kernel *ret_kernel, struct reason *reason)
{
    char hash[SHA256_TEXT_ROOM], key[KEY_ROOM];
    int error = file_sha256(search->wish->package, hash, reason);

    if (error)
        return error;
    snprintf(key, sizeof(key), "file-%s", hash);
    if (cache_find(search->folder, key, ret_kernel))
        return 0;
    int lock = cache_lock(search->folder, search->wish->stop, reason);

    if (lock < 0)
        return lock;
    if (!cache_find(search->folder, key, ret_kernel)) {
        say(search, "unpacking ", search->wish->package);
        error =
            cache_unpack(search->folder, key, search->wish->package, search->wish->stop, ret_kernel, reason);
    }
    close(lock);
    return error;
}

int kernel_get(const struct kernel_wish *wish, struct kernel *ret_kernel, struct reason *reason)
{
    struct search search;
    int error = begin(&search, wish, reason);

    if (error)
        return error;
    return wish->package ? from_file(&search, ret_kernel, reason) : from_apt(&search, ret_kernel, reason);
}

/* What the cache has. */
struct gathered {
    struct kernel_offer *offers;
    size_t count, room;
};

static void gather(void *context, const char *key)
{
    struct gathered *gathered = context;

    if (strncmp(key, "file-", 5) == 0)
        return;
    for (size_t i = 0; i < gathered->count; i++)
        if (strcmp(gathered->offers[i].kernel.release, key) == 0) {
            gathered->offers[i].cached = true;
            return;
        }
    if (gathered->count == gathered->room)
        return;
    struct kernel_offer *offer = &gathered->offers[gathered->count++];

    snprintf(offer->kernel.release, sizeof(offer->kernel.release), "%s", key);
    offer->cached = true;
}

static int by_release(const void *a, const void *b)
{
    const struct kernel_offer *left = a, *right = b;

    return strverscmp(left->kernel.release, right->kernel.release);
}

int kernel_offers(int stop, struct kernel_offer **ret_offers, size_t *ret_count, struct reason *reason)
{
    enum { CACHED_MOST = 64 };
    const struct kernel_wish wish = {.stop = stop};
    struct search search;
    struct apt_kernel *kernels = NULL;
    char standard[APT_RELEASE_ROOM] = "";
    size_t count = 0;
    int lock = -1, error = begin(&search, &wish, reason);

    if (error)
        return error;
    error = apt_kernels(&search.apt, &kernels, &count, reason);
    if (error && error != -EINTR) {
        lock = cache_lock(search.folder, stop, reason);
        if (lock >= 0 && take_own_lists(&search, NULL) == 0)
            error = apt_kernels(&search.apt, &kernels, &count, reason);
    }
    if (!error)
        apt_default_release(&search.apt, standard, NULL);
    if (search.apt.lists)
        cache_remove(search.apt.lists);
    if (lock >= 0)
        close(lock);

    struct gathered gathered = {.room = count + CACHED_MOST};

    gathered.offers = calloc(gathered.room, sizeof(*gathered.offers));
    for (size_t i = 0; gathered.offers && i < count; i++) {
        gathered.offers[i].kernel = kernels[i];
        gathered.offers[i].is_default = strcmp(kernels[i].release, standard) == 0;
    }
    gathered.count = gathered.offers ? count : 0;
    free(kernels);
    if (!gathered.offers)
        return reason_set(reason, ENOMEM, "no memory for the list of kernels");
    cache_each(search.folder, gather, &gathered);
    if (gathered.count == 0 || error == -EINTR) {
        free(gathered.offers);
        return error ? error
                     : reason_set(reason, ENOENT, "there is no kernel, neither in apt nor in the cache");
    }
    qsort(gathered.offers, gathered.count, sizeof(*gathered.offers), by_release);
    *ret_offers = gathered.offers;
    *ret_count = gathered.count;
    return 0;
}
