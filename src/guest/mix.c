/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest/mix.h"

#include "base/option.h"
#include "base/reason.h"
#include "guest/catalog.h"
#include "guest/settings.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* "tick:100": the number of a guest whose setting is one. */
static int take_rate(const char *guest, const char *text, double least, double most, double *ret_rate,
                     struct reason *reason)
{
    if (parse_number(text, ret_rate) < 0 || *ret_rate < least || *ret_rate > most)
        return reason_set(reason, EINVAL, "%s takes a number from %g to %g after its colon, not '%.100s'",
                          guest, least, most, text);
    return 0;
}

static int take_setting(const char *guest, const char *text, struct guest_settings *settings,
                        const char *const *route, struct reason *reason)
{
    if (strcmp(guest, "load") == 0) {
        settings->profile = text;
    } else if (strcmp(guest, "web") == 0) {
        settings->routes = (struct option_list){.items = route, .count = 1};
    } else if (strcmp(guest, "tick") == 0) {
        return take_rate(guest, text, TICK_TIMER_LEAST, TICK_TIMER_MOST, &settings->timer, reason);
    } else if (strcmp(guest, "disk") == 0) {
        return take_rate(guest, text, DISK_RATE_LEAST, DISK_RATE_MOST, &settings->rate, reason);
    } else {
        return reason_set(reason, EINVAL, "the guest '%s' takes no setting, such as '%.100s'", guest, text);
    }
    return 0;
}

int guest_build_spec(struct image *image, const char *spec, struct reason *reason)
{
    struct guest_settings settings = {0};
    char name[IMAGE_GUEST_NAME_ROOM];
    size_t length = strcspn(spec, ":");
    const char *text = spec[length] ? spec + length + 1 : NULL;

    snprintf(name, sizeof(name), "%.*s", (int)length, spec);
    if (length >= sizeof(name) || !guest_find(name))
        return reason_set(reason, EINVAL, "there is no guest '%.*s'; 'mvm image list' shows those there are",
                          (int)length, spec);
    int error = text ? take_setting(name, text, &settings, &text, reason) : 0;

    return error ? error : guest_build(image, name, &settings, reason);
}

/* The '=' before the share of the item that begins at `text`, and the share's end; NULL: there is none. */
static const char *find_share(const char *text, const char **ret_end)
{
    for (const char *equals = strchr(text, '='); equals; equals = strchr(equals + 1, '=')) {
        size_t digits = strspn(equals + 1, "0123456789.");

        *ret_end = equals + 1 + digits;
        if (digits > 0 && (**ret_end == ',' || **ret_end == '\0'))
            return equals;
    }
    return NULL;
}

static int take_share(const char *text, size_t length, unsigned *ret_share, struct reason *reason)
{
    char digits[32];
    double share;

    snprintf(digits, sizeof(digits), "%.*s", (int)length, text);
    if (length >= sizeof(digits) || parse_number(digits, &share) < 0 || share <= 0 || share > 1)
        return reason_set(reason, EINVAL, "a share is a number above 0 and up to 1, not '%.*s'",
                          length < 100 ? (int)length : 100, text);
    double units = share * GUEST_MIX_UNITS;

    if (fabs(units - round(units)) > 1e-6 || units < 0.5)
        return reason_set(reason, EINVAL, "a share has at most four decimals, unlike '%s'", digits);
    *ret_share = (unsigned)lround(units);
    return 0;
}

static int take_item(struct guest_mix *mix, const char *text, const char **ret_end, struct reason *reason)
{
    struct guest_mix_part *part = &mix->parts[mix->count];
    const char *equals = find_share(text, ret_end);

    if (!equals)
        return reason_set(reason, EINVAL,
                          "'%.100s' has no share: a mix is GUEST=SHARE,GUEST=SHARE,..., such as "
                          "sleep=0.95,load:25=0.05",
                          text);
    if (mix->count == GUEST_MIX_PARTS)
        return reason_set(reason, EINVAL, "a mix has at most %d guests", GUEST_MIX_PARTS);
    if ((size_t)(equals - text) >= sizeof(part->spec))
        return reason_set(reason, EINVAL, "a guest in a mix has at most %d characters", GUEST_SPEC_ROOM - 1);
    snprintf(part->spec, sizeof(part->spec), "%.*s", (int)(equals - text), text);
    for (size_t i = 0; i < mix->count; i++)
        if (strcmp(mix->parts[i].spec, part->spec) == 0)
            return reason_set(reason, EINVAL, "the guest '%s' stands twice in the mix", part->spec);
    int error = take_share(equals + 1, (size_t)(*ret_end - equals - 1), &part->share, reason);

    if (!error)
        error = guest_build_spec(&part->image, part->spec, reason);
    mix->count += !error;
    return error;
}

int guest_mix_parse(struct guest_mix *ret_mix, const char *text, struct reason *reason)
{
    unsigned sum = 0;

    ret_mix->count = 0;
    for (const char *at = text, *end = text;; at = end + 1) {
        int error = take_item(ret_mix, at, &end, reason);

        if (error)
            return error;
        sum += ret_mix->parts[ret_mix->count - 1].share;
        if (*end == '\0')
            break;
    }
    if (sum != GUEST_MIX_UNITS)
        return reason_set(reason, EINVAL, "the shares of a mix are 1 together, not %g",
                          (double)sum / GUEST_MIX_UNITS);
    return 0;
}

void guest_mix_sha256(const struct guest_mix *mix, char ret_text[SHA256_TEXT_ROOM])
{
    unsigned char bytes[GUEST_MIX_PARTS * (GUEST_SPEC_ROOM + 16 + IMAGE_SIZE)];
    size_t used = 0;

    for (size_t i = 0; i < mix->count; i++) {
        const struct guest_mix_part *part = &mix->parts[i];

        used +=
            (size_t)snprintf((char *)bytes + used, sizeof(bytes) - used, "%s=%u,", part->spec, part->share);
        memcpy(bytes + used, part->image.bytes, IMAGE_SIZE);
        used += IMAGE_SIZE;
    }
    sha256_text(bytes, used, ret_text);
}
