/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/libvirt_host.h"

#include "base/reason.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int libvirt_reason(struct reason *reason, int error, const char *format, ...)
{
    char what[REASON_ROOM];
    va_list rest;

    va_start(rest, format);
    vsnprintf(what, sizeof(what), format, rest);
    va_end(rest);
    reason_set(reason, error, "%s: %s", what, virGetLastErrorMessage());
    /* One sentence on one line, whatever was in a file that libvirt quotes. */
    for (char *at = reason ? reason->text : what; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 127)
            *at = ' ';
    return -error;
}

/* libvirt's event loop is one for the process and cannot be taken out again. */
static int events_registered;

static void register_events(void)
{
    libvirt_be_quiet();
    events_registered = virEventRegisterDefaultImpl();
}

int libvirt_events_prepare(struct reason *reason)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    int error = libvirt_library_load(reason);

    if (error)
        return error;
    pthread_once(&once, register_events);
    return events_registered < 0 ? libvirt_reason(reason, EIO, "libvirt's events cannot be had") : 0;
}

bool libvirt_vm_user(virConnectPtr connection, uid_t *ret_user)
{
    char *text = virConnectGetCapabilities(connection),
         *label = text ? strstr(text, "<model>dac</model>") : NULL;
    char *end = label ? strstr(label, "</secmodel>") : NULL;
    unsigned int user;

    /* <baselabel type='qemu'>+64055:+64055</baselabel>, the same for each type. */
    label = label ? strstr(label, "<baselabel ") : NULL;
    label = label && label < end ? strchr(label, '>') : NULL;
    bool known = label && sscanf(label, ">+%u:", &user) == 1;

    free(text);
    if (known)
        *ret_user = (uid_t)user;
    return known;
}
