/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine libvirt in a build without libvirt. */
#include "engine/engines.h"

#include "base/reason.h"

#include <errno.h>

static const char left_out[] =
    "this mvm was built without libvirt (Debian's package libvirt-dev; meson's option "
    "-Dlibvirt=enabled)";

static int none_probe(const void *options, struct reason *reason)
{
    (void)options;
    return reason_set(reason, ENOTSUP, "%s", left_out);
}

static void none_needs(const void *options, struct host_needs *ret_needs)
{
    (void)options;
    (void)ret_needs;
}

const struct engine engine_libvirt = {
    .name = "libvirt",
    .summary = "one libvirt domain a VM; not in this build",
    .class_letter = 'A',
    .left_out = left_out,
    .probe = none_probe,
    .needs = none_needs,
};
