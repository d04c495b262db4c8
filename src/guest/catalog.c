/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest/catalog.h"

#include "base/reason.h"
#include "guest/settings.h"
#include "guests_embedded.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

static const struct guest guests[] = {
    {
        .name = "sleep",
        .summary = "stops the timer and halts until a byte arrives",
        .bytes = embedded_sleep,
    },
    {
        .name = "tick",
        .summary = "the same with the timer running, at 18.2 Hz unless told",
        .bytes = embedded_tick,
        .apply = tick_apply,
        .describe = tick_describe,
        .settings_used = settings_used_whole,
    },
    {
        .name = "web",
        .summary = "answers HTTP requests on its serial port",
        .bytes = embedded_web,
        .apply = web_apply,
        .describe = web_describe,
        .settings_used = web_settings_used,
    },
    {
        .name = "load",
        .summary = "burns CPU by a profile",
        .bytes = embedded_load,
        .apply = load_apply,
        .describe = load_describe,
        .settings_used = load_settings_used,
    },
    {
        .name = "disk",
        .summary = "reads its disk sector at a set rate",
        .bytes = embedded_disk,
        .apply = disk_apply,
        .describe = disk_describe,
        .settings_used = settings_used_whole,
    },
};

const struct option_spec guest_setting_specs[] = {
    {
        .name = "route",
        .kind = OPTION_LIST,
        .argument = "/PATH=CONTENT",
        .help = "web: what to answer to requests for PATH",
        .offset = offsetof(struct guest_settings, routes),
    },
    {
        .name = "work",
        .kind = OPTION_TEXT,
        .argument = "MS",
        .help = "web: milliseconds of CPU to burn before each answer, 0 to 65535",
        .offset = offsetof(struct guest_settings, work),
    },
    {
        .name = "profile",
        .kind = OPTION_TEXT,
        .argument = "PROFILE",
        .help =
            "load: percent of a CPU, a list of SECONDS@PERCENT in steps of 50 ms such as 0.5s@100,9.5s@0, or "
            "spikes (1s@100,9s@0), thin-spikes (0.1s@100,0.9s@0), rare-spikes (0.5s@100,29.5s@0), burst "
            "(3s@80,12s@5)",
        .offset = offsetof(struct guest_settings, profile),
    },
    {
        .name = "timer",
        .kind = OPTION_NUMBER,
        .argument = "HZ",
        .help = "tick: timer interrupts a second, 18.3 to 10000; without it the BIOS's 18.2",
        .offset = offsetof(struct guest_settings, timer),
        .least = TICK_TIMER_LEAST,
        .most = TICK_TIMER_MOST,
    },
    /* The last one: guest_setting_set_but_rate ends before it. */
    {
        .name = "rate",
        .kind = OPTION_NUMBER,
        .argument = "READS",
        .help = "disk: reads a second, 0.01 to 1000",
        .offset = offsetof(struct guest_settings, rate),
        .least = DISK_RATE_LEAST,
        .most = DISK_RATE_MOST,
    },
};
enum { SETTINGS = sizeof(guest_setting_specs) / sizeof(guest_setting_specs[0]) };

const size_t guest_setting_spec_count = SETTINGS;

const struct option_set guest_setting_set = {
    .title = "Settings of guests", .specs = guest_setting_specs, .count = SETTINGS};
const struct option_set guest_setting_set_but_rate = {
    .title = "Settings of guests", .specs = guest_setting_specs, .count = SETTINGS - 1};

const struct guest *guest_catalog(size_t *ret_count)
{
    *ret_count = sizeof(guests) / sizeof(guests[0]);
    return guests;
}

const struct guest *guest_find(const char *name)
{
    for (size_t i = 0; i < sizeof(guests) / sizeof(guests[0]); i++)
        if (strcmp(guests[i].name, name) == 0)
            return &guests[i];
    return NULL;
}

/* A setting given to a guest that does not know it would be lost without a word. */
static int check_known(const struct guest *guest, const struct guest_settings *settings,
                       struct reason *reason)
{
    const struct {
        const char *option, *guest;
        bool given;
    } given[] = {
        {"route", "web", settings->routes.count > 0},   {"work", "web", settings->work != NULL},
        {"profile", "load", settings->profile != NULL}, {"timer", "tick", settings->timer != 0},
        {"rate", "disk", settings->rate != 0},
    };

    for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++)
        if (given[i].given && strcmp(given[i].guest, guest->name) != 0)
            return reason_set(reason, EINVAL, "--%s is a setting of the guest '%s', not of '%s'",
                              given[i].option, given[i].guest, guest->name);
    return 0;
}

int guest_build(struct image *image, const char *name, const struct guest_settings *settings,
                struct reason *reason)
{
    const struct guest *guest = guest_find(name);
    uint8_t bytes[IMAGE_SIZE];
    int error;

    if (!guest)
        return reason_set(reason, EINVAL, "there is no guest '%s'; 'mvm image list' shows those there are",
                          name);
    error = check_known(guest, settings, reason);
    if (error)
        return error;
    memcpy(bytes, guest->bytes, IMAGE_SIZE);
    error = guest->apply ? guest->apply(bytes, settings, reason) : 0;
    if (error)
        return error;
    image_from_bytes(image, bytes);
    return 0;
}

size_t guest_free_bytes(const struct image *image)
{
    const struct guest *guest = image->ours ? guest_find(image->guest) : NULL;
    size_t end = IMAGE_SIGNATURE;

    struct image_settings settings = image_settings(image->bytes);

    if (guest && guest->settings_used && settings.offset + settings.room == IMAGE_SIGNATURE)
        return settings.room - guest->settings_used(image->bytes);
    while (end > 0 && image->bytes[end - 1] == 0)
        end--;
    return IMAGE_SIGNATURE - end;
}
