/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The libvirt daemon, or driver, that a URI names: connections to it, what it is, and its own words. */
#ifndef MVM_ENGINE_LIBVIRT_HOST_H
#define MVM_ENGINE_LIBVIRT_HOST_H

#include "base/clock.h"
#include "base/option.h"
#include "engine/libvirt_library.h"
#include "engine/processes.h"

#include <sys/types.h>

struct reason;

struct libvirt_options {
    const char *uri, *accelerator, *machine, *domain_xml;
    const char *serial; /* "socket", "stream"; NULL: by the URI */
    const char *pool;   /* NULL: one of the run's own, where the image has to be brought */
    uint64_t memory_bytes;
    struct process_options process;
};

/* True for libvirt's own mock driver ("test:..."), which runs no guest and lives in this process. */
bool libvirt_uri_is_test(const char *uri);

/* True for an address that leads to another host, or to this one as if it were another. */
bool libvirt_uri_is_remote(const char *uri);

/* True when ssh is on the way. */
bool libvirt_uri_is_ssh(const char *uri);

/* The same address, malloc'd, by which ssh asks nobody for a password or whether a host is the right one, and
 * fails instead; NULL without memory. */
char *libvirt_uri_unasking(const char *uri);

/* Whether VMs' serial ports are streams through the daemon, and not sockets. */
bool libvirt_has_streams(const struct libvirt_options *options);

/* Whether the image is brought to the daemon, as a volume of a storage pool, and not a file of this host. */
bool libvirt_uploads(const struct libvirt_options *options);

/* -EINVAL with a sentence when the URI is none, or options do not go together. Connects to nothing. */
int libvirt_options_check(const struct libvirt_options *options, struct reason *reason);

/* Fills `reason` with the sentence made of `format`, ": " and what libvirt said last on this thread; returns
 * -error. */
int libvirt_reason(struct reason *reason, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Keeps libvirt from printing what it has to say, which its callers get. */
void libvirt_be_quiet(void);

/* Connects, after loading libvirt; the caller closes it with virConnectClose(). Before the first connection
 * that is to have events, libvirt_events_prepare() is to be called. -EINVAL: libvirt knows no such URI;
 * -ENOTCONN; -ETIMEDOUT: the daemon takes connections and does not answer; -ENOTSUP: libvirt is not
 * installed. */
#define LIBVIRT_PATIENCE_NS (60 * NS_PER_SECOND)
int libvirt_connect_within(const char *uri, uint64_t patience_ns, virConnectPtr *ret_connection,
                           struct reason *reason);
int libvirt_connect(const char *uri, virConnectPtr *ret_connection, struct reason *reason);

/* Registers libvirt's event loop, once in this process, as libvirt wants it; nothing runs by that. */
int libvirt_events_prepare(struct reason *reason);

/* The user as whom the driver runs VMs, as its capabilities say (the label of the security model dac); false
 * when they do not: then it is the daemon's own. */
bool libvirt_vm_user(virConnectPtr connection, uid_t *ret_user);

/* See struct engine. */
int libvirt_describe(const struct engine_setup *setup, struct result *result, struct reason *reason);
void libvirt_needs(const void *options, struct host_needs *ret_needs);

#endif
