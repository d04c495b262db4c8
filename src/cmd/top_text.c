/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/top_text.h"

#include "result/number.h"

#include <math.h>
#include <stdio.h>

/* Three significant digits. */
static const char *with_unit(double value, const char *unit, char text[TOP_TEXT_ROOM])
{
    int digits = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;

    snprintf(text, TOP_TEXT_ROOM, "%.*f%s", digits, value, unit);
    return text;
}

const char *top_text_rate(double rate, char text[TOP_TEXT_ROOM])
{
    static const char *const units[] = {" M", " G", " T"};
    size_t unit = 0;
    char number[NUMBER_ROOM];

    if (rate <= 0)
        snprintf(text, TOP_TEXT_ROOM, "0");
    else if (rate < 0.01)
        snprintf(text, TOP_TEXT_ROOM, "%.2g", rate);
    else if (rate < 1)
        snprintf(text, TOP_TEXT_ROOM, "%.2f", rate);
    else if (rate < 99.95)
        snprintf(text, TOP_TEXT_ROOM, "%.1f", rate);
    else if (rate < 999999.5)
        snprintf(text, TOP_TEXT_ROOM, "%s", number_grouped((uint64_t)llround(rate), number));
    else {
        rate /= 1e6;
        while (rate >= 999.5 && unit + 1 < sizeof(units) / sizeof(units[0])) {
            rate /= 1e3;
            unit++;
        }
        return with_unit(rate, units[unit], text);
    }
    return text;
}

const char *top_text_time(double ns, char text[TOP_TEXT_ROOM])
{
    if (ns <= 0)
        snprintf(text, TOP_TEXT_ROOM, "-");
    else if (ns < 999.5e3)
        return with_unit(ns / 1e3, " us", text);
    else if (ns < 999.5e6)
        return with_unit(ns / 1e6, " ms", text);
    else
        return with_unit(ns / 1e9, " s", text);
    return text;
}

const char *top_text_age(double seconds, char text[TOP_TEXT_ROOM])
{
    long long s = seconds > 0 && seconds < 1e15 ? (long long)seconds : 0;

    if (s < 60)
        snprintf(text, TOP_TEXT_ROOM, "%lld s", s);
    else if (s < 3600)
        snprintf(text, TOP_TEXT_ROOM, "%lld min", s / 60);
    else if (s < 86400)
        snprintf(text, TOP_TEXT_ROOM, "%lld h %lld min", s / 3600, s / 60 % 60);
    else
        snprintf(text, TOP_TEXT_ROOM, "%lld d %lld h", s / 86400, s / 3600 % 24);
    return text;
}
