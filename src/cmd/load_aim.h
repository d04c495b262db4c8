/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whom `mvm load` sends requests to: a URL, a run's door, or a population of its own. */
#ifndef MVM_CMD_LOAD_AIM_H
#define MVM_CMD_LOAD_AIM_H

#include "cmd/choose_image.h"
#include "cmd/load_population.h"
#include "load/http_answer.h"
#include "load/url.h"
#include "load/way.h"

/* What the user said of it. NULL and 0: nothing. */
struct aim_options {
    const char *url, *run, *by, *path, *expect;
    uint64_t vms; /* --vms, or --count with an engine */
    bool challenges;
    /* With an engine. */
    const struct engine *engine;
    const void *engine_options;
    struct image_choice image;
    const struct guest_settings *settings;
    uint64_t seed;
};

struct load_aim {
    uint64_t vms;
    struct http_expected expected;
    /* Over TCP. */
    struct load_url url;
    char url_text[512], run[64];
    size_t connections, kept; /* of each way; set by the user before ways are opened */
    /* Straight. */
    const struct engine *engine;
    struct load_population own;
    char image_name[256];
    const char *path; /* HTTP; NULL: challenges */
    uint64_t seed;
};

/* Finds out, and for an engine grows the VMs. To be released in every case. -EINVAL and -ENOENT: what was
 * said is no good; -ECANCELED: a signal came. */
int load_aim_take(struct load_aim *aim, const struct aim_options *options, struct progress_line *progress,
                  struct reason *reason);

/* Opens a way to it. `number` tells ways apart. */
int load_aim_open_way(const struct load_aim *aim, unsigned number, struct load_way **ret_way,
                      struct reason *reason);

/* One line for people: "10,000 VMs of engine vmm (class T), web, HTTP /". */
void load_aim_describe(const struct load_aim *aim, char *ret_text, size_t room);

/* -errno: VMs are left, which was said. */
int load_aim_release(struct load_aim *aim);

#endif
