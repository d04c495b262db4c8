/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a result says of libvirt. */
#include "engine/libvirt_xml.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/reason.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int add_version(struct result *result, const char *name, unsigned long version)
{
    char text[64];

    /* 1,000,000 * major + 1,000 * minor + release. */
    snprintf(text, sizeof(text), "%lu.%lu.%lu", version / 1000000, version / 1000 % 1000, version % 1000);
    return result_facts_add(&result->engine.versions, name, text);
}

static int add_versions(virConnectPtr connection, struct result *result)
{
    unsigned long client = 0, daemon = 0, hypervisor = 0;
    const char *driver = virConnectGetType(connection);
    int error = 0;

    if (virGetVersion(&client, NULL, NULL) == 0)
        error = add_version(result, "libvirt (client)", client);
    if (!error && virConnectGetLibVersion(connection, &daemon) == 0)
        error = add_version(result, "libvirt", daemon);
    if (!error && driver && virConnectGetVersion(connection, &hypervisor) == 0)
        error = add_version(result, driver, hypervisor);
    return error;
}

/* The program that runs VMs, and its hash where this process may read it. */
static int add_emulator(virConnectPtr connection, const struct libvirt_options *options,
                        struct result *result)
{
    const char *type = strcmp(options->accelerator, "tcg") == 0 ? "qemu" : "kvm";
    char hash[SHA256_TEXT_ROOM], path[RESULT_TEXT] = "";
    char *text = virConnectGetDomainCapabilities(connection, NULL, "i686", options->machine, type, 0);
    const char *at = text ? strstr(text, "<path>") : NULL;

    if (at)
        sscanf(at, "<path>%255[^<]", path);
    free(text);
    if (!path[0] || file_sha256(path, hash, NULL) < 0)
        return 0;
    return result_facts_add(&result->engine.binaries, path, hash);
}

static int add_options(const struct libvirt_options *options, struct result *result)
{
    char memory[SIZE_TEXT_ROOM];
    int error = result_facts_add(&result->engine.options, "uri", options->uri);

    if (!error && !libvirt_uri_is_test(options->uri))
        error = result_facts_add(&result->engine.options, "serial",
                                 libvirt_has_streams(options) ? "stream" : "socket");
    if (!error && options->pool)
        error = result_facts_add(&result->engine.options, "pool", options->pool);
    if (!error)
        error = result_facts_add(&result->engine.options, "accelerator", options->accelerator);
    if (!error)
        error = result_facts_add(&result->engine.options, "machine", options->machine);
    if (!error)
        error = result_facts_add(&result->engine.options, "memory",
                                 size_text((double)options->memory_bytes, memory));
    if (!error && options->domain_xml)
        error = result_facts_add(&result->engine.options, "domain-xml", options->domain_xml);
    return error ? error : process_options_describe(&options->process, result);
}

int libvirt_describe(const struct engine_setup *setup, struct result *result, struct reason *reason)
{
    const struct libvirt_options *options = setup->options;
    char hash[SHA256_TEXT_ROOM], *template = NULL;
    virConnectPtr connection;
    int error = libvirt_connect(options->uri, &connection, reason);

    if (error)
        return error;
    error = libvirt_template(options, virConnectGetType(connection), &template, reason);
    if (!error) {
        sha256_text(template, strlen(template), hash);
        error = result_facts_add(&result->engine.binaries, "domain XML", hash);
    }
    if (!error)
        error = add_versions(connection, result);
    /* A file of that name here is another one than there. */
    if (!error && !libvirt_uri_is_test(options->uri) && !libvirt_uri_is_remote(options->uri))
        error = add_emulator(connection, options, result);
    if (!error)
        error = add_options(options, result);
    free(template);
    virConnectClose(connection);
    return error;
}
