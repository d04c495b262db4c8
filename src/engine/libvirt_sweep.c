/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Removing what a run left that was killed: domains that say of themselves that mvm made them for it, and
 * images whose names say it. */
#include "engine/libvirt_population.h"

#include "base/reason.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whether the domain is of that run: by its metadata, and by its name, since metadata are copied along when
 * somebody makes a domain of theirs out of the XML of one of ours. */
static bool is_of_run(virDomainPtr domain, const char *run, struct libvirt_maker *ret_maker)
{
    char name[LIBVIRT_NAME_ROOM];
    char *xml = virDomainGetMetadata(domain, VIR_DOMAIN_METADATA_ELEMENT, LIBVIRT_METADATA_URI, 0);
    bool ours = xml && libvirt_maker_parse(xml, ret_maker) && strcmp(ret_maker->run, run) == 0;
    const char *number = strrchr(virDomainGetName(domain), '-');
    uint64_t vm;

    free(xml);
    if (!ours || !number || parse_count(number + 1, &vm) < 0)
        return false;
    libvirt_domain_name(ret_maker, vm, name);
    return strcmp(virDomainGetName(domain), name) == 0;
}

static int check_dead(const struct libvirt_maker *maker, const char *run, struct reason *reason)
{
    bool elsewhere, lives = process_mark_lives(&maker->process, &elsewhere);

    if (lives)
        return reason_set(reason, EBUSY, "the run %s lives, as process %ld; end that", run,
                          maker->process.pid);
    if (elsewhere)
        return reason_set(reason, EBUSY, "the run %s was made by an mvm on another host; end it there", run);
    return 0;
}

static int end(virDomainPtr domain, struct reason *reason)
{
    virResetLastError();
    if (virDomainDestroy(domain) == 0)
        return 0;
    const virError *error = virGetLastError();

    if (error && (error->code == VIR_ERR_NO_DOMAIN || error->code == VIR_ERR_OPERATION_INVALID))
        return 0;
    return libvirt_reason(reason, EIO, "the domain %.200s cannot be ended", virDomainGetName(domain));
}

static int check_image(const struct libvirt_left *left, const char *run, struct reason *reason)
{
    bool elsewhere;

    /* Its process ended with an earlier boot of this host. */
    if (!process_mark_lives(&left->maker.process, &elsewhere) && elsewhere && left->here)
        return 0;
    return check_dead(&left->maker, run, reason);
}

/* Those that are not of the run are freed, and NULL. -EBUSY: one is of a run that lives. */
static int look(virDomainPtr *domains, int count, const char *run, struct reason *reason)
{
    int error = 0;

    for (int i = 0; i < count; i++) {
        struct libvirt_maker maker;

        if (!is_of_run(domains[i], run, &maker)) {
            virDomainFree(domains[i]);
            domains[i] = NULL;
        } else if (!error) {
            error = check_dead(&maker, run, reason);
        }
    }
    return error;
}

struct swept {
    size_t domains, volumes, pools;
};

static int remove_image(virConnectPtr connection, const struct libvirt_left *left, struct swept *swept,
                        struct reason *reason)
{
    int error = libvirt_image_remove(connection, left->own_pool ? NULL : left->pool, left->name, reason);

    if (!error && left->own_pool)
        swept->pools++;
    else if (!error)
        swept->volumes++;
    return error;
}

/* All are looked at before the first one is ended, and the images go last. */
static int sweep(virConnectPtr connection, const char *run, struct swept *swept, struct reason *reason)
{
    virDomainPtr *domains = NULL;
    struct libvirt_left *images = NULL;
    int count = virConnectListAllDomains(connection, &domains, 0);

    if (count < 0)
        return libvirt_reason(reason, EIO, "libvirt does not list its domains");
    int error = look(domains, count, run, reason);

    if (!error)
        error = libvirt_images_left(connection, run, &images, reason);
    for (const struct libvirt_left *left = images; !error && left; left = left->next)
        error = check_image(left, run, reason);
    bool go_on = !error;

    for (int i = 0; i < count; i++) {
        if (!domains[i])
            continue;
        int one = go_on ? end(domains[i], error ? NULL : reason) : 0;

        swept->domains += go_on && !one;
        error = error ? error : one;
        virDomainFree(domains[i]);
    }
    for (const struct libvirt_left *left = images; go_on && left; left = left->next) {
        int one = remove_image(connection, left, swept, error ? NULL : reason);

        error = error ? error : one;
    }
    libvirt_left_free(images);
    free(domains);
    return error;
}

static void say(const struct swept *swept, char *ret_words, size_t room)
{
    const struct {
        size_t count;
        const char *what;
    } parts[] = {{swept->domains, "domain"}, {swept->volumes, "volume"}, {swept->pools, "storage pool"}};
    size_t at = 0;

    ret_words[0] = '\0';
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (parts[i].count > 0 && at < room)
            at += (size_t)snprintf(ret_words + at, room - at, "%s%zu %s%s", at > 0 ? " and " : "",
                                   parts[i].count, parts[i].what, parts[i].count == 1 ? "" : "s");
}

int libvirt_sweep(const void *values, const char *run_name, char *ret_words, size_t room,
                  struct reason *reason)
{
    const struct libvirt_options *options = values;
    virConnectPtr connection;
    struct swept swept = {0};
    int error = libvirt_options_check(options, reason);

    ret_words[0] = '\0';
    if (!error)
        error = libvirt_connect(options->uri, &connection, reason);
    if (error)
        return error;
    error = sweep(connection, run_name, &swept, reason);
    virConnectClose(connection);
    say(&swept, ret_words, room);
    return error;
}
