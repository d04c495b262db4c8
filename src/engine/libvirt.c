/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Engine `libvirt`: VMs made by a libvirt daemon, as transient domains (class A). On this host each VM's
 * serial port is a Unix socket to which its hypervisor connects, so that what is said to VMs does not pass
 * the daemon, and goes on without it; on another host it is a stream through the daemon. docs/libvirt.md
 * tells what libvirt costs.
 */
#include "engine/engines.h"

#include "base/file.h"
#include "base/reason.h"
#include "engine/libvirt_population.h"
#include "engine/process_population.h"

#include <errno.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIELD(name) offsetof(struct libvirt_options, name)

static const char *const accelerators[] = {"tcg", "kvm", NULL};
static const char *const serials[] = {"socket", "stream", NULL};

static const struct option_spec libvirt_option_specs[] = {
    {"uri", OPTION_TEXT, "URI",
     "the libvirt that makes the VMs, such as qemu:///system or qemu+ssh://HOST/system", FIELD(uri),
     .fallback = "qemu:///session"},
    {"accelerator", OPTION_CHOICE, "NAME",
     "how guests' instructions are run, tcg (translated) or kvm (hardware)", FIELD(accelerator),
     .fallback = "tcg", .choices = accelerators},
    {"machine", OPTION_TEXT, "TYPE", "the machine type, as libvirt has it", FIELD(machine),
     .fallback = "isapc"},
    {"memory", OPTION_SIZE, "SIZE", "memory of each VM, in whole MiB", FIELD(memory_bytes), .fallback = "1M",
     .least = 0x1p20, .most = 0x1p40},
    {"serial", OPTION_CHOICE, "KIND",
     "VMs' serial ports: a socket of this host, or a stream through the daemon; without it a socket on this "
     "host, a stream on another",
     FIELD(serial), .fallback = NULL, .choices = serials},
    {"pool", OPTION_TEXT, "NAME",
     "the storage pool that the image is brought to; without it one of the run's own, on another host only",
     FIELD(pool), .fallback = NULL},
    {"domain-xml", OPTION_TEXT, "FILE",
     "a domain's XML to use instead of mvm's own; {name}, {metadata}, {image}, {serial} and others in it are "
     "replaced",
     FIELD(domain_xml), .fallback = NULL},
    PROCESS_OPTION_SPECS(struct libvirt_options, process),
};

static const struct engine *libvirt_variant(const void *options);

static const char *domain_type(const struct libvirt_options *options)
{
    return strcmp(options->accelerator, "tcg") == 0 ? "qemu" : "kvm";
}

/* Whether the driver takes a domain of this template, as far as it tells without making one. */
static int probe_template(virConnectPtr connection, const struct libvirt_options *options,
                          const char *template, struct reason *reason)
{
    struct libvirt_maker maker;
    struct libvirt_domain domain = {.image_path = "/dev/null", .serial_path = "/dev/null", .maker = &maker};

    libvirt_maker_self("probe", &maker);
    char *xml = libvirt_domain_xml(options, template, &domain);

    if (!xml)
        return reason_set(reason, ENOMEM, "no memory for a domain's XML");
    char *command = virConnectDomainXMLToNative(connection, "qemu-argv", xml, 0);
    int error = command ? 0
                        : libvirt_reason(reason, EINVAL, "%s makes no domain",
                                         options->domain_xml ? options->domain_xml : "mvm's domain XML");

    free(xml);
    free(command);
    return error;
}

static int probe_qemu(virConnectPtr connection, const struct libvirt_options *options, const char *template,
                      struct reason *reason)
{
    if (!options->domain_xml) {
        char *capabilities = virConnectGetDomainCapabilities(connection, NULL, "i686", options->machine,
                                                             domain_type(options), 0);

        if (!capabilities)
            return libvirt_reason(reason, EINVAL, "--machine %.100s with --accelerator %s cannot be had",
                                  options->machine, options->accelerator);
        free(capabilities);
    }
    return probe_template(connection, options, template, reason);
}

static int libvirt_probe(const void *values, struct reason *reason)
{
    const struct libvirt_options *options = values;
    virConnectPtr connection;
    char *template = NULL;
    int error = libvirt_options_check(options, reason);

    if (!error && (options->memory_bytes & ((UINT64_C(1) << 20) - 1)))
        error = reason_set(reason, EINVAL, "--memory takes whole MiB, since QEMU does");
    if (!error)
        error = libvirt_connect(options->uri, &connection, reason);
    if (error)
        return error;
    error = libvirt_template(options, virConnectGetType(connection), &template, reason);
    if (!error && strcmp(virConnectGetType(connection), "QEMU") == 0)
        error = probe_qemu(connection, options, template, reason);
    if (!error && options->pool)
        error = libvirt_pool_check(connection, options->pool, reason);
    free(template);
    virConnectClose(connection);
    return error;
}

static int place_image(struct libvirt_population *population, const char *directory, struct reason *reason)
{
    snprintf(population->image_path, sizeof(population->image_path), "%s/image", directory);
    int error = file_replace(population->image_path, population->setup->image->bytes, IMAGE_SIZE, reason);

    if (!error && population->others && chmod(population->image_path, 0644) < 0)
        error =
            reason_errno(reason, errno, "cannot open %s to the user who runs VMs", population->image_path);
    return error;
}

static int bring_image(struct libvirt_population *population, struct reason *reason)
{
    libvirt_image_name(&population->maker, population->image_name);
    int error =
        libvirt_image_bring(population->connections[1], population->options->pool, population->image_name,
                            population->setup->image->bytes, IMAGE_SIZE, population->image_path, reason);

    population->image_there = !error;
    return error;
}

/* The image and the sockets are where whoever runs the VMs may go. */
static int let_in(const struct libvirt_population *population, const char *directory, struct reason *reason)
{
    if (chmod(directory, 0711) < 0)
        return reason_errno(reason, errno, "cannot open %s to the user who runs VMs", directory);
    return libvirt_reach(directory, population->vm_user, reason);
}

/* The image, and the threads. */
static int prepare(void *context, const char *directory, struct reason *reason)
{
    struct libvirt_population *population = context;
    const struct libvirt_options *options = population->options;
    bool uploads = libvirt_uploads(options);
    int error = uploads ? 0 : place_image(population, directory, reason);

    if (!error && population->others && !(uploads && libvirt_has_streams(options)))
        error = let_in(population, directory, reason);
    if (!error)
        error = libvirt_workers_open(population, process_boot_at_once(options->process.parallel), reason);
    if (!error && uploads)
        error = bring_image(population, reason);
    return error ? error : libvirt_events_open(population, reason);
}

/* How many populations this process has: only of several at a time do names need to tell which. */
static atomic_uint populations;

static void free_population(void *context)
{
    struct libvirt_population *population = context;

    atomic_fetch_sub(&populations, 1);
    if (population->stuck)
        return;
    libvirt_work_drop(population);
    while (population->news) {
        struct libvirt_news *next = population->news->next;

        free(population->news);
        population->news = next;
    }
    for (size_t i = 0; i < population->connection_count; i++)
        virConnectClose(population->connections[i]);
    free(population->connections);
    free(population->template);
    free(population->made);
    if (population->wake >= 0)
        close(population->wake);
    pthread_cond_destroy(&population->changed);
    pthread_mutex_destroy(&population->lock);
    free(population);
}

/* Where VMs are, when that is another host. What is used of it libvirt does not tell. */
static int look_at_host(struct libvirt_population *population, struct reason *reason)
{
    virConnectPtr connection = population->connections[0];
    char *name = virConnectGetHostname(connection);
    virNodeInfo info;

    if (!name || virNodeGetInfo(connection, &info) < 0) {
        free(name);
        return libvirt_reason(reason, EIO, "libvirt does not tell what host it is on");
    }
    population->host = (struct engine_host){.cpu_percent = NAN,
                                            .memory_percent = NAN,
                                            .disk_percent = NAN,
                                            .vcpus = info.cpus,
                                            .memory_bytes = (double)info.memory * 1024,
                                            .disk_bytes = NAN};
    snprintf(population->host.name, sizeof(population->host.name), "%s", name);
    /* A name of a host, whatever a daemon says. */
    for (char *at = population->host.name; *at; at++)
        if (*at <= ' ' || *at > '~')
            *at = '_';
    free(name);
    return 0;
}

static int libvirt_hosts(struct population *values, const struct engine_watch *watch,
                         struct engine_host **ret_hosts, size_t *ret_count, struct reason *reason)
{
    const struct processes *processes = (const struct processes *)values;
    const struct libvirt_population *population = processes->plan.context;
    struct engine_host *host = malloc(sizeof(*host));

    (void)watch;
    if (!host)
        return reason_set(reason, ENOMEM, "no memory for a list of hosts");
    *host = population->host;
    host->vms = processes->counts.running;
    *ret_hosts = host;
    *ret_count = 1;
    return 0;
}

/* The first connection, and what is to be known before there are VMs. */
static int connect_first(struct libvirt_population *population, struct process_plan *plan,
                         struct reason *reason)
{
    int error = libvirt_events_prepare(reason);

    population->connections = calloc(1, sizeof(*population->connections));
    population->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!error && (!population->connections || population->wake < 0))
        error = reason_set(reason, ENOMEM, "no memory for a population");
    if (!error)
        error = libvirt_connect(population->options->uri, &population->connections[0], reason);
    if (error)
        return error;
    population->connection_count = 1;
    bool remote = libvirt_uri_is_remote(population->options->uri);

    error = remote ? look_at_host(population, reason) : 0;
    if (error)
        return error;
    plan->one_user = !remote && libvirt_vm_user(population->connections[0], &plan->user);
    population->others = plan->one_user && plan->user != geteuid();
    population->vm_user = plan->user;
    return libvirt_template(population->options, virConnectGetType(population->connections[0]),
                            &population->template, reason);
}

static int libvirt_open(const struct engine_setup *setup, struct population **ret_population,
                        struct reason *reason)
{
    const struct libvirt_options *options = setup->options;
    struct libvirt_population *population = calloc(1, sizeof(*population));

    if (!population)
        return reason_set(reason, ENOMEM, "no memory for a population");
    *population = (struct libvirt_population){
        .setup = setup,
        .options = options,
        .callback = -1,
        .wake = -1,
        .lock = PTHREAD_MUTEX_INITIALIZER,
        .changed = PTHREAD_COND_INITIALIZER,
    };
    population->jobs_end = &population->jobs;
    population->news_end = &population->news;
    libvirt_maker_self(setup->run_name, &population->maker);
    population->maker.part = atomic_fetch_add(&populations, 1);
    struct process_plan plan = {
        .outside = &libvirt_outside,
        .door = libvirt_uri_is_test(options->uri) ? SERIAL_NONE
                : libvirt_has_streams(options)    ? SERIAL_DESCRIPTOR
                                                  : SERIAL_LISTEN,
        .options = options->process,
        .prepare = prepare,
        .context = population,
        .free_context = free_population,
    };
    int error = connect_first(population, &plan, reason);

    if (error) {
        free_population(population);
        return error;
    }
    return processes_open(libvirt_variant(options), setup, &plan, ret_population, reason);
}

#define LIBVIRT_ENGINE                                                                                       \
    .name = "libvirt",                                                                                       \
    .summary = "one libvirt domain a VM, on QEMU or another of its drivers, here or on another host",        \
    .options = libvirt_option_specs,                                                                         \
    .option_count = sizeof(libvirt_option_specs) / sizeof(libvirt_option_specs[0]),                          \
    .options_size = sizeof(struct libvirt_options), .variant = libvirt_variant, .probe = libvirt_probe,      \
    .needs = libvirt_needs, .describe = libvirt_describe, .open = libvirt_open, .sweep = libvirt_sweep,      \
    .clear = libvirt_clear, PROCESS_ENGINE

const struct engine engine_libvirt = {.class_letter = 'A', LIBVIRT_ENGINE};
static const struct engine engine_libvirt_remote = {
    .class_letter = 'A', LIBVIRT_ENGINE, .hosts = libvirt_hosts};

/* libvirt's mock driver: domains are made, listed and ended, and no guest runs. */
static const struct engine engine_libvirt_test = {
    .name = "libvirt",
    .summary = "libvirt's mock driver, which runs no guests",
    .class_letter = '-',
    .options = libvirt_option_specs,
    .option_count = sizeof(libvirt_option_specs) / sizeof(libvirt_option_specs[0]),
    .options_size = sizeof(struct libvirt_options),
    .variant = libvirt_variant,
    .probe = libvirt_probe,
    .needs = libvirt_needs,
    .describe = libvirt_describe,
    .open = libvirt_open,
    .sweep = libvirt_sweep,
    .clear = libvirt_clear,
    .grow = processes_grow,
    .counts = processes_counts,
    .is_running = processes_is_running,
    .take_boot_times = processes_take_boot_times,
    .submit = processes_submit,
    .reap = processes_reap,
    .descriptor = processes_descriptor,
    .explain = processes_explain,
    .ends = processes_ends,
    .memory = processes_memory,
    .wait = processes_wait,
    .close = processes_close,
};

static const struct engine *libvirt_variant(const void *options)
{
    const char *uri = ((const struct libvirt_options *)options)->uri;

    return libvirt_uri_is_test(uri)     ? &engine_libvirt_test
           : libvirt_uri_is_remote(uri) ? &engine_libvirt_remote
                                        : &engine_libvirt;
}
