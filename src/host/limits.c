/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/resource.h"

#include "base/reason.h"
#include "host/bounds.h"
#include "host/cgroup.h"
#include "host/procfile.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

static uint64_t lower_known(uint64_t a, uint64_t b)
{
    if (a == 0 || b == 0)
        return a > b ? a : b;
    return a < b ? a : b;
}

int host_limits_read(struct host_limits *ret_limits, const char *root, struct reason *reason)
{
    struct sampler *sampler = NULL;
    struct host_reading reading;
    struct cgroup_limits cgroup;
    struct host_bounds bounds;
    int error = sampler_open(&sampler, root, reason);

    if (!error)
        error = sampler_read(sampler, &reading, reason);
    sampler_close(sampler);
    if (error)
        return error;
    cgroup_limits_read(&cgroup, root);
    host_bounds_read(&bounds, root);
    *ret_limits = (struct host_limits){
        .cpus = reading.cpus,
        .memory_total = reading.memory.total,
        .swap_total = reading.memory.swap_total,
        .tasks = lower_known(bounds.pid_namespace ? 0 : bounds.pid_max, bounds.threads_max),
        .cgroup_pids = cgroup.pids,
        .cgroup_memory = cgroup.memory_bytes,
        .files = bounds.file_max,
        .own_files = bounds.files_soft == UINT64_MAX ? 0 : bounds.files_soft,
        .own_maps = bounds.max_map_count,
        .tcp_memory_pages = bounds.tcp_memory_pages,
    };
    for (unsigned i = 0; i < reading.network.link_count; i++)
        ret_limits->link_bits += reading.network.links[i].bits_per_second;
    return 0;
}

enum setting { SETTING_UNKNOWN, SETTING_OFF, SETTING_ON };

/* What a kernel's configuration, compressed or not, says about CONFIG_VMAP_STACK. */
static enum setting vmap_stack_in(const char *root, const char *path)
{
    char whole[PROCFILE_PATH], line[512];
    enum setting setting = SETTING_UNKNOWN;
    bool configuration = false;

    if ((size_t)snprintf(whole, sizeof(whole), "%s%s", root, path) >= sizeof(whole))
        return SETTING_UNKNOWN;

    gzFile file = gzopen(whole, "rbe");

    if (!file)
        return SETTING_UNKNOWN;
    while (setting != SETTING_ON && gzgets(file, line, sizeof(line))) {
        configuration |= text_after(line, "CONFIG_") != NULL;
        if (text_after(line, "CONFIG_VMAP_STACK=y"))
            setting = SETTING_ON;
    }
    gzclose(file);
    /* An architecture that cannot do it does not name it at all. */
    return setting == SETTING_UNKNOWN && configuration ? SETTING_OFF : setting;
}

bool host_vmalloc_holds_stacks(const char *root)
{
    enum setting setting = vmap_stack_in(root, "/proc/config.gz");
    char release[256], path[512];

    if (setting == SETTING_UNKNOWN &&
        procfile_text(root, "/proc/sys/kernel/osrelease", release, sizeof(release)) == 0) {
        snprintf(path, sizeof(path), "/boot/config-%s", release);
        setting = vmap_stack_in(root, path);
    }
    if (setting == SETTING_OFF)
        return false;

    /* Linux 4.4 to 5.2 print 0 for VmallocUsed whatever is in it, so the figures have the last word. They are
     * summed up by CPU and a little stale, hence the quarter. */
    struct sampler *sampler = NULL;
    struct host_reading reading;
    bool holds = false;

    if (sampler_open(&sampler, root, NULL) == 0 && sampler_read(sampler, &reading, NULL) == 0)
        holds = reading.memory.vmalloc >= reading.memory.kernel_stacks / 4 * 3;
    sampler_close(sampler);
    return holds;
}
