/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Measured: docs/libvirt.md. */
#include "engine/libvirt_population.h"

#include "host/check.h"

#include <string.h>
#include <unistd.h>

/* A connection's socket and its eventfd, a worker's eventfd while it waits for an answer, the population's.
 */
enum { FILES_OF_CONNECTION = 2, FILES_OF_WORKER = 1, FILES_OF_POPULATION = 1 };

/* The epoll and event descriptors of the thread that sends to streams, and its own while it waits for
 * libvirt. */
enum { FILES_OF_STREAMS = 3 };

/* As in the engine qemu: the thread that reads a drive stays for so long (QEMU's util/thread-pool.c), and
 * that many boot in a second (bench/libvirt). */
enum { READERS_STAY_SECONDS = 10, BOOTS_A_CPU = 5 };

static uint64_t boots_a_second(void)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);

    return BOOTS_A_CPU * (uint64_t)(cpus > 0 ? cpus : 1);
}

/* What is made when nothing is said. */
static bool is_as_measured(const struct libvirt_options *options)
{
    return !options->domain_xml && !libvirt_has_streams(options) &&
           strcmp(options->accelerator, "tcg") == 0 && strcmp(options->machine, "isapc") == 0 &&
           options->memory_bytes == UINT64_C(1) << 20 && strncmp(options->uri, "qemu", 4) == 0;
}

void libvirt_needs(const void *values, struct host_needs *ret_needs)
{
    const struct libvirt_options *options = values;
    bool kvm = strcmp(options->accelerator, "kvm") == 0;
    uint64_t at_once = process_boot_at_once(options->process.parallel);
    uint64_t workers = at_once < LIBVIRT_WORKERS_MOST ? at_once : LIBVIRT_WORKERS_MOST;
    uint64_t streams = libvirt_has_streams(options);
    uint64_t connections =
        1 + streams + (workers + LIBVIRT_CONNECTION_WORKERS - 1) / LIBVIRT_CONNECTION_WORKERS;
    uint64_t files = FILES_OF_CONNECTION * connections + FILES_OF_WORKER * workers + FILES_OF_POPULATION +
                     FILES_OF_STREAMS * streams;

    process_needs(ret_needs);
    ret_needs->tasks.once += workers + 1 + streams; /* and the threads of the event loop, and of streams */
    ret_needs->tasks.each = 0;
    ret_needs->own_files.once += files;
    ret_needs->files.once += files;
    if (libvirt_uri_is_test(options->uri)) {
        ret_needs->own_files.each = 0;
        ret_needs->files.each = 0;
        return;
    }
    if (streams) {
        ret_needs->own_files.each++; /* both ends of a VM's socket */
        ret_needs->files.each++;
    }
    if (libvirt_uri_is_remote(options->uri)) {
        ret_needs->remark = "what VMs take is another host's, and not counted";
        return;
    }
    if (!streams) { /* a VM that boots has a socket listening for it, too */
        ret_needs->own_files.once += at_once;
        ret_needs->files.once += at_once;
    }
    ret_needs->uses_kvm = kvm;
    ret_needs->mergeable = true;
    /* QEMU's main, RCU, I/O and vCPU threads, and the daemon's for its monitor. */
    ret_needs->tasks.each = kvm && host_kvm_makes_threads("") ? 6 : 5;
    ret_needs->files.each += kvm ? 70 : 67; /* most of them libraries that QEMU maps; two are the daemon's */
    ret_needs->tasks.young = 1;
    ret_needs->young_vms = READERS_STAY_SECONDS * boots_a_second();
    ret_needs->files.each += streams; /* the daemon's of a VM's pseudoterminal */
    ret_needs->remark =
        streams ? "what the daemon takes once is not counted, nor its own limits: of its open files each VM "
                  "takes three; and each VM has a thread more until ten seconds after it read its drive"
                : "what the daemon takes once is not counted, nor its own limits: of its open files each VM "
                  "takes two; and each VM has a thread more until ten seconds after it read its drive";
    if (is_as_measured(options)) {
        ret_needs->memory.each = 14000000;
        ret_needs->memory_error = 10;
        ret_needs->memory_source =
            "measured with libvirt 9.0 and QEMU 7.2 of Debian 12, the daemon's share included";
    }
}
