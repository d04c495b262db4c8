/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who made a domain: what mvm writes into the metadata of its domains, so that it is known which are whose.
 */
#ifndef MVM_ENGINE_LIBVIRT_MAKER_H
#define MVM_ENGINE_LIBVIRT_MAKER_H

#include "engine/libvirt_host.h"
#include "host/process_mark.h"

#define LIBVIRT_METADATA_URI "https://mvm.example/libvirt/1"

/* What a domain's metadata say of the run that made it. */
struct libvirt_maker {
    char run[RESULT_TEXT];
    unsigned part; /* 0, or which of several populations that this process has at the same time */
    struct process_mark process;
};

/* This process, as the maker of `run`. */
void libvirt_maker_self(const char *run, struct libvirt_maker *ret_maker);

/* Reads what libvirt returns of LIBVIRT_METADATA_URI; false when it is not as mvm writes it. */
bool libvirt_maker_parse(const char *xml, struct libvirt_maker *ret_maker);

/* The metadata of VM `vm`, as XML. */
enum { LIBVIRT_METADATA_ROOM = 1024 };
void libvirt_maker_xml(const struct libvirt_maker *maker, uint64_t vm, char ret_xml[LIBVIRT_METADATA_ROOM]);

#endif
