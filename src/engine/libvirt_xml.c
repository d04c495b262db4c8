/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/libvirt_xml.h"

#include "base/file.h"
#include "base/reason.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEMPLATE_MOST = 256 * 1024, WORD_MOST = 32 };

/* A floppy, since it can be read-only, so that all VMs share one file; the rest is left out as far as libvirt
 * lets it be. */
#define QEMU_HEAD                                                                                            \
    "<domain type='{type}'>\n"                                                                               \
    "  <name>{name}</name>\n"                                                                                \
    "  <metadata>{metadata}</metadata>\n"                                                                    \
    "  <memory unit='KiB'>{memory}</memory>\n"                                                               \
    "  <vcpu>1</vcpu>\n"                                                                                     \
    "  <os>\n"                                                                                               \
    "    <type arch='i686' machine='{machine}'>hvm</type>\n"                                                 \
    "    <boot dev='fd'/>\n"                                                                                 \
    "  </os>\n"                                                                                              \
    "  {features}\n"                                                                                         \
    "  <on_crash>destroy</on_crash>\n"                                                                       \
    "  <devices>\n"                                                                                          \
    "    <disk type='file' device='floppy'>\n"                                                               \
    "      <driver name='qemu' type='raw'/>\n"                                                               \
    "      <source file='{image}'/>\n"                                                                       \
    "      <target dev='fda' bus='fdc'/>\n"                                                                  \
    "      <readonly/>\n"                                                                                    \
    "    </disk>\n"                                                                                          \
    "    <controller type='usb' model='none'/>\n"
#define QEMU_TAIL                                                                                            \
    "    <memballoon model='none'/>\n"                                                                       \
    "  </devices>\n"                                                                                         \
    "</domain>\n"

/* The serial port a socket of this host, and one that virDomainOpenConsole() opens. */
static const char qemu_template[] = QEMU_HEAD "    <serial type='unix'>\n"
                                              "      <source mode='connect' path='{serial}'/>\n"
                                              "      <target port='0'/>\n"
                                              "    </serial>\n" QEMU_TAIL;
static const char qemu_stream_template[] = QEMU_HEAD "    <serial type='pty'>\n"
                                                     "      <target port='0'/>\n"
                                                     "    </serial>\n" QEMU_TAIL;

/* libvirt's mock driver: it keeps books of domains and runs none. */
static const char test_template[] = "<domain type='test'>\n"
                                    "  <name>{name}</name>\n"
                                    "  <metadata>{metadata}</metadata>\n"
                                    "  <memory unit='KiB'>{memory}</memory>\n"
                                    "  <vcpu>1</vcpu>\n"
                                    "  <os><type>hvm</type></os>\n"
                                    "</domain>\n";

static const struct {
    const char *driver, *text, *stream_text;
} templates[] = {{"QEMU", qemu_template, qemu_stream_template}, {"TEST", test_template, test_template}};

/* Translated code in 1 MiB, as the engine qemu has it. */
#define TCG_FEATURES "<features><tcg><tb-cache unit='KiB'>1024</tb-cache></tcg></features>"

enum word { NAME, METADATA, IMAGE, SERIAL, TYPE, MACHINE, MEMORY, FEATURES, RUN, VM, WORDS };

static const char *const words[WORDS] = {
    [NAME] = "name",     [METADATA] = "metadata", [IMAGE] = "image",
    [SERIAL] = "serial", [TYPE] = "type",         [MACHINE] = "machine",
    [MEMORY] = "memory", [FEATURES] = "features", [RUN] = "run",
    [VM] = "vm",
};

/* Those whose values are XML already. */
static bool is_markup(enum word word)
{
    return word == METADATA || word == FEATURES;
}

/* The length of the word in braces that `at` begins with, braces included; 0 when there is none. */
static size_t braced(const char *at)
{
    size_t length = 1;

    if (at[0] != '{')
        return 0;
    while (length <= WORD_MOST && (islower((unsigned char)at[length]) || at[length] == '-'))
        length++;
    return length > 1 && at[length] == '}' ? length + 1 : 0;
}

static enum word find_word(const char *at, size_t length)
{
    for (int word = 0; word < WORDS; word++)
        if (strlen(words[word]) == length - 2 && memcmp(words[word], at + 1, length - 2) == 0)
            return (enum word)word;
    return WORDS;
}

static int check_template(const char *path, const char *template, bool streams, struct reason *reason)
{
    static const enum word needed[] = {NAME, METADATA};

    for (const char *at = template; *at; at++) {
        size_t length = braced(at);

        if (length && find_word(at, length) == WORDS)
            return reason_set(reason, EINVAL,
                              "%s has %.*s, which stands for nothing; known are {name}, {metadata}, {image}, "
                              "{serial}, {type}, {machine}, {memory}, {features}, {run} and {vm}",
                              path, (int)length, at);
        if (length && streams && find_word(at, length) == SERIAL)
            return reason_set(reason, EINVAL,
                              "%s has {serial}, a socket of this host, which --serial stream does not have; "
                              "its serial port is to be <serial type='pty'/>",
                              path);
    }
    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
        char word[WORD_MOST + 3];

        snprintf(word, sizeof(word), "{%s}", words[needed[i]]);
        if (!strstr(template, word))
            return reason_set(reason, EINVAL,
                              "%s has no %s; without it a domain cannot be told from those of others", path,
                              word);
    }
    return 0;
}

static int read_template(const char *path, bool streams, char **ret_template, struct reason *reason)
{
    size_t length;
    int error = file_read(path, TEMPLATE_MOST, ret_template, &length, reason);

    if (error)
        return error == -ENOMEM ? error : -EINVAL;
    if (strlen(*ret_template) != length)
        error = reason_set(reason, EINVAL, "%s is no domain XML: it has a NUL byte", path);
    else
        error = check_template(path, *ret_template, streams, reason);
    if (error) {
        free(*ret_template);
        *ret_template = NULL;
    }
    return error;
}

int libvirt_template(const struct libvirt_options *options, const char *driver, char **ret_template,
                     struct reason *reason)
{
    if (options->domain_xml)
        return read_template(options->domain_xml, libvirt_has_streams(options), ret_template, reason);
    for (size_t i = 0; i < sizeof(templates) / sizeof(templates[0]); i++) {
        if (strcmp(templates[i].driver, driver) != 0)
            continue;
        *ret_template = strdup(libvirt_has_streams(options) ? templates[i].stream_text : templates[i].text);
        return *ret_template ? 0 : reason_set(reason, ENOMEM, "no memory for a domain's XML");
    }
    return reason_set(reason, EINVAL,
                      "mvm has no domain XML for libvirt's driver %s, only for QEMU; give yours with "
                      "--domain-xml",
                      driver);
}

static void put_escaped(FILE *to, const char *value)
{
    for (; *value; value++) {
        switch (*value) {
        case '&':
            fputs("&amp;", to);
            break;
        case '<':
            fputs("&lt;", to);
            break;
        case '>':
            fputs("&gt;", to);
            break;
        case '\'':
            fputs("&apos;", to);
            break;
        case '"':
            fputs("&quot;", to);
            break;
        default:
            fputc(*value, to);
        }
    }
}

char *libvirt_domain_xml(const struct libvirt_options *options, const char *template,
                         const struct libvirt_domain *domain)
{
    bool tcg = strcmp(options->accelerator, "tcg") == 0;
    char name[LIBVIRT_NAME_ROOM], metadata[LIBVIRT_METADATA_ROOM], memory[24], vm[24], *xml = NULL;
    size_t length;
    FILE *to = open_memstream(&xml, &length);

    if (!to)
        return NULL;
    libvirt_domain_name(domain->maker, domain->vm, name);
    libvirt_maker_xml(domain->maker, domain->vm, metadata);
    snprintf(memory, sizeof(memory), "%llu", (unsigned long long)(options->memory_bytes >> 10));
    snprintf(vm, sizeof(vm), "%llu", (unsigned long long)domain->vm);
    const char *const values[WORDS] = {
        [NAME] = name,
        [METADATA] = metadata,
        [IMAGE] = domain->image_path,
        [SERIAL] = domain->serial_path,
        [TYPE] = tcg ? "qemu" : "kvm",
        [MACHINE] = options->machine,
        [MEMORY] = memory,
        [FEATURES] = tcg ? TCG_FEATURES : "",
        [RUN] = domain->maker->run,
        [VM] = vm,
    };

    for (const char *at = template; *at;) {
        size_t word_length = braced(at);
        enum word word = word_length ? find_word(at, word_length) : WORDS;

        if (word == WORDS)
            fputc(*at++, to);
        else if (is_markup(word))
            fputs(values[word], to);
        else
            put_escaped(to, values[word]);
        at += word == WORDS ? 0 : word_length;
    }
    bool whole = !ferror(to);

    if (fclose(to) == 0 && whole)
        return xml;
    free(xml);
    return NULL;
}

void libvirt_domain_name(const struct libvirt_maker *maker, uint64_t vm, char ret_name[LIBVIRT_NAME_ROOM])
{
    char part[16] = "";

    if (maker->part > 0)
        snprintf(part, sizeof(part), ".%u", maker->part);
    snprintf(ret_name, LIBVIRT_NAME_ROOM, "mvm-%s%s-%llu", maker->run, part, (unsigned long long)vm);
}
