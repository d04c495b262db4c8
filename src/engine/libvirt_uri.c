/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Addresses of hypervisors: DRIVER[+TRANSPORT]://[USER@][HOST][:PORT]/[PATH][?PARAMETERS], as libvirt has
 * them. */
#include "engine/libvirt_host.h"

#include "base/reason.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What stands between '+' and "://"; "" for none. */
static void transport_of(const char *uri, char *ret_transport, size_t room)
{
    const char *end = strstr(uri, "://");
    const char *plus = end ? memchr(uri, '+', (size_t)(end - uri)) : NULL;

    ret_transport[0] = '\0';
    if (plus)
        snprintf(ret_transport, room, "%.*s", (int)(end - plus - 1), plus + 1);
}

bool libvirt_uri_is_test(const char *uri)
{
    return strncmp(uri, "test:", 5) == 0;
}

bool libvirt_uri_is_remote(const char *uri)
{
    const char *end = strstr(uri, "://");
    char transport[16];

    transport_of(uri, transport, sizeof(transport));
    return (transport[0] && strcmp(transport, "unix") != 0) || (end && end[3] != '/');
}

bool libvirt_uri_is_ssh(const char *uri)
{
    char transport[16];

    transport_of(uri, transport, sizeof(transport));
    return strcmp(transport, "ssh") == 0 || strcmp(transport, "libssh") == 0 ||
           strcmp(transport, "libssh2") == 0;
}

char *libvirt_uri_unasking(const char *uri)
{
    char *unasking;

    if (!libvirt_uri_is_ssh(uri))
        return strdup(uri);
    /* The last one counts. */
    return asprintf(&unasking, "%s%cno_tty=1", uri, strchr(uri, '?') ? '&' : '?') < 0 ? NULL : unasking;
}

static int check_uri(const char *uri, struct reason *reason)
{
    const char *end = strstr(uri, "://");

    if (!end || end == uri)
        return reason_set(reason, EINVAL,
                          "--uri '%.100s' is not the address of a hypervisor; it takes one such as "
                          "qemu:///session, qemu+ssh://HOST/system or test:///default",
                          uri);
    if (strncmp(uri, "test+", 5) == 0 || (libvirt_uri_is_test(uri) && libvirt_uri_is_remote(uri)))
        return reason_set(reason, EINVAL,
                          "--uri '%.100s': libvirt's mock driver runs no guests, on this host or another; "
                          "it is to be had as test:///default",
                          uri);
    return 0;
}

bool libvirt_has_streams(const struct libvirt_options *options)
{
    return options->serial ? strcmp(options->serial, "stream") == 0 : libvirt_uri_is_remote(options->uri);
}

bool libvirt_uploads(const struct libvirt_options *options)
{
    return options->pool || libvirt_uri_is_remote(options->uri);
}

int libvirt_options_check(const struct libvirt_options *options, struct reason *reason)
{
    int error = check_uri(options->uri, reason);

    if (error)
        return error;
    if (libvirt_uri_is_test(options->uri) && (options->serial || options->pool))
        return reason_set(reason, EINVAL,
                          "--%s is for VMs, and libvirt's mock driver (--uri %.100s) runs none",
                          options->serial ? "serial" : "pool", options->uri);
    if (options->serial && !libvirt_has_streams(options) && libvirt_uri_is_remote(options->uri))
        return reason_set(reason, EINVAL,
                          "--serial socket is a socket of this host, and --uri '%.100s' names another one, "
                          "whose VMs are reached with --serial stream",
                          options->uri);
    return 0;
}
