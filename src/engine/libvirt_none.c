/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The engine libvirt in a build without libvirt. */
#include "engine/engines.h"

#include "base/reason.h"

#include <errno.h>

static int none_probe(const void *options, struct reason *reason)
{
    (void)options;
    return reason_set(reason, ENOTSUP,
                      "this mvm was built without libvirt (Debian's package libvirt-dev; meson's option "
                      "-Dlibvirt=enabled)");
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
    .left_out = true,
    .probe = none_probe,
    .needs = none_needs,
};
