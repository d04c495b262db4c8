/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Domain XML from a template. What stands in braces is replaced, its value written as XML text;
 * docs/libvirt.md lists the words. A brace that begins no such word stays.
 */
#ifndef MVM_ENGINE_LIBVIRT_XML_H
#define MVM_ENGINE_LIBVIRT_XML_H

#include "engine/libvirt_maker.h"

struct libvirt_domain {
    const char *image_path, *serial_path;
    const struct libvirt_maker *maker;
    uint64_t vm;
};

/* The template for a driver, as virConnectGetType() names it: the user's file, or ours. `*ret_template` is
 * the caller's to free. -ENOTSUP: there is none for that driver; -EINVAL: the file cannot be used. */
int libvirt_template(const struct libvirt_options *options, const char *driver, char **ret_template,
                     struct reason *reason);

/* The XML of one domain, malloc'd; NULL without memory. The template is one that libvirt_template() gave. */
char *libvirt_domain_xml(const struct libvirt_options *options, const char *template,
                         const struct libvirt_domain *domain);

/* A domain's name: mvm-RUN-NUMBER, and mvm-RUN.PART-NUMBER in other parts than the first. */
enum { LIBVIRT_NAME_ROOM = RESULT_TEXT + 32 };
void libvirt_domain_name(const struct libvirt_maker *maker, uint64_t vm, char ret_name[LIBVIRT_NAME_ROOM]);

#endif
