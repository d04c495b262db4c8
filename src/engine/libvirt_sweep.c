/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Removing what a run left that was killed: domains that say of themselves that mvm made them for it. */
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

/* All are looked at before the first one is ended. */
static int sweep(virConnectPtr connection, const char *run, size_t *ret_domains, struct reason *reason)
{
    virDomainPtr *domains = NULL;
    int count = virConnectListAllDomains(connection, &domains, 0), error = 0;

    if (count < 0)
        return libvirt_reason(reason, EIO, "libvirt does not list its domains");
    for (int i = 0; i < count; i++) {
        struct libvirt_maker maker;

        if (!is_of_run(domains[i], run, &maker)) {
            virDomainFree(domains[i]);
            domains[i] = NULL;
        } else if (!error) {
            error = check_dead(&maker, run, reason);
        }
    }
    for (int i = 0; i < count; i++) {
        if (!domains[i])
            continue;
        int one = error == -EBUSY ? 0 : end(domains[i], error ? NULL : reason);

        *ret_domains += !one && error != -EBUSY;
        error = error ? error : one;
        virDomainFree(domains[i]);
    }
    free(domains);
    return error;
}

int libvirt_sweep(const void *values, const char *run_name, char *ret_words, size_t room,
                  struct reason *reason)
{
    const struct libvirt_options *options = values;
    virConnectPtr connection;
    size_t domains = 0;
    int error = libvirt_uri_check(options->uri, reason);

    ret_words[0] = '\0';
    if (!error)
        error = libvirt_connect(options->uri, &connection, reason);
    if (error)
        return error;
    error = sweep(connection, run_name, &domains, reason);
    virConnectClose(connection);
    if (domains > 0)
        snprintf(ret_words, room, "%zu domain%s", domains, domains == 1 ? "" : "s");
    return error;
}
