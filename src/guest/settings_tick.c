/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The setting of the guest `tick`: what its timer divides 1193182 Hz by, a word; 0: as the BIOS set it. */
#include "base/reason.h"
#include "guest/settings.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

static const double TIMER_HZ = 1193182.0;

enum { SETTINGS_LENGTH = 2, BIOS_DIVISOR = 65536 };

int tick_apply(uint8_t bytes[IMAGE_SIZE], const struct guest_settings *settings, struct reason *reason)
{
    struct image_settings block = image_settings(bytes);

    if (settings->timer == 0)
        return 0;
    if (!(settings->timer >= TICK_TIMER_LEAST && settings->timer <= TICK_TIMER_MOST))
        return reason_set(reason, EINVAL, "--timer takes interrupts a second from %g to %g, not %g",
                          TICK_TIMER_LEAST, TICK_TIMER_MOST, settings->timer);
    settings_set_word(bytes + block.offset, (uint16_t)lround(TIMER_HZ / settings->timer));
    return 0;
}

char *tick_describe(const uint8_t bytes[IMAGE_SIZE])
{
    struct image_settings block = image_settings(bytes);
    char *text = NULL;

    if (block.room < SETTINGS_LENGTH)
        return NULL;
    uint16_t divisor = settings_word(bytes + block.offset);

    if (asprintf(&text, "timer %.5g\n", TIMER_HZ / (divisor ? divisor : BIOS_DIVISOR)) < 0)
        return NULL;
    return text;
}
