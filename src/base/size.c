/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/option.h"

#include "base/clock.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* strtod() also takes spaces, hexadecimal, "inf" and "nan", none of which a user means. */
static int number_with_rest(const char *text, double *ret_number, const char **ret_rest)
{
    if (strspn(text, "0123456789.") == 0)
        return -EINVAL;
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
        return -EINVAL;
    char *rest;

    errno = 0;
    double number = strtod(text, &rest);

    if (errno || rest == text || !isfinite(number))
        return -EINVAL;
    *ret_number = number;
    *ret_rest = rest;
    return 0;
}

int parse_number(const char *text, double *ret_number)
{
    double number;
    const char *rest;

    if (number_with_rest(text, &number, &rest) < 0 || *rest)
        return -EINVAL;
    *ret_number = number;
    return 0;
}

int parse_count(const char *text, uint64_t *ret_count)
{
    if (!*text || text[strspn(text, "0123456789")])
        return -EINVAL;
    errno = 0;
    unsigned long long count = strtoull(text, NULL, 10);

    if (errno)
        return -EINVAL;
    *ret_count = count;
    return 0;
}

struct unit {
    const char *name;
    double factor;
};

/* A number and a unit, or none; -EINVAL beyond 63 bits. */
static int parse_units(const char *text, const struct unit *units, size_t count, uint64_t *ret_whole)
{
    double number;
    const char *rest;

    if (number_with_rest(text, &number, &rest) < 0)
        return -EINVAL;
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(rest, units[i].name) != 0)
            continue;
        double whole = number * units[i].factor;

        if (whole >= 0x1p63)
            return -EINVAL;
        *ret_whole = (uint64_t)whole;
        return 0;
    }
    return -EINVAL;
}

int parse_size(const char *text, uint64_t *ret_bytes)
{
    static const struct unit units[] = {
        {"", 1},         {"K", 0x1p10},   {"M", 0x1p20},   {"G", 0x1p30},   {"T", 0x1p40},
        {"KiB", 0x1p10}, {"MiB", 0x1p20}, {"GiB", 0x1p30}, {"TiB", 0x1p40},
    };

    return parse_units(text, units, sizeof(units) / sizeof(units[0]), ret_bytes);
}

int parse_bits(const char *text, uint64_t *ret_bits)
{
    static const struct unit units[] = {{"", 1}, {"K", 1e3}, {"M", 1e6}, {"G", 1e9}, {"T", 1e12}};

    return parse_units(text, units, sizeof(units) / sizeof(units[0]), ret_bits);
}

int parse_duration(const char *text, uint64_t *ret_ns)
{
    static const struct {
        const char *unit;
        double seconds;
    } units[] = {{"", 1}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}};
    double number;
    const char *rest;

    if (number_with_rest(text, &number, &rest) < 0)
        return -EINVAL;
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (strcmp(rest, units[i].unit) != 0)
            continue;
        double ns = number * units[i].seconds * (double)NS_PER_SECOND;

        if (ns >= 0x1p63)
            return -EINVAL;
        *ret_ns = (uint64_t)llround(ns);
        return 0;
    }
    return -EINVAL;
}

const char *size_text(double bytes, char text[SIZE_TEXT_ROOM])
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    size_t unit = 0;

    while (fabs(bytes) >= 1023.5 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        bytes /= 1024;
        unit++;
    }
    /* Three significant digits, without a decimal point when they are used up. */
    int decimals = fabs(bytes) < 9.995 ? 2 : fabs(bytes) < 99.95 ? 1 : 0;

    if (unit == 0 && bytes == floor(bytes))
        decimals = 0;
    snprintf(text, SIZE_TEXT_ROOM, "%.*f %s", decimals, bytes, units[unit]);
    return text;
}
