/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Settings of the guest `disk`: reads in each BIOS timer tick, a 16-bit fraction and a 16-bit whole number.
 */
#include "base/reason.h"
#include "guest/settings.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>

/* The BIOS divides the 1193182 Hz of the interval timer by 65536. */
static const double TICKS_A_SECOND = 1193182.0 / 65536;
static const double FRACTION = 65536;

enum { SETTINGS_LENGTH = 4 };

int disk_apply(uint8_t bytes[IMAGE_SIZE], const struct guest_settings *settings, struct reason *reason)
{
    struct image_settings block = image_settings(bytes);

    if (settings->rate == 0)
        return 0;
    if (!(settings->rate >= DISK_RATE_LEAST && settings->rate <= DISK_RATE_MOST))
        return reason_set(reason, EINVAL, "--rate takes reads a second from %g to %g, not %g",
                          DISK_RATE_LEAST, DISK_RATE_MOST, settings->rate);
    uint32_t reads = (uint32_t)lround(settings->rate / TICKS_A_SECOND * FRACTION);

    settings_set_word(bytes + block.offset, (uint16_t)(reads & 0xffff));
    settings_set_word(bytes + block.offset + 2, (uint16_t)(reads >> 16));
    return 0;
}

char *disk_describe(const uint8_t bytes[IMAGE_SIZE])
{
    struct image_settings block = image_settings(bytes);
    char *text = NULL;

    if (block.room < SETTINGS_LENGTH)
        return NULL;
    const uint8_t *at = bytes + block.offset;
    double reads = settings_word(at) + settings_word(at + 2) * FRACTION;

    if (asprintf(&text, "rate %.4g\n", reads / FRACTION * TICKS_A_SECOND) < 0)
        return NULL;
    return text;
}
