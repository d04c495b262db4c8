/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "result/utf8.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

size_t utf8_sequence(const char *text, size_t room)
{
    /* RFC 3629, section 4: the first byte gives the length and the range of the second. */
    static const struct {
        uint8_t first, last, length, second_least, second_most;
    } heads[] = {
        {0x01, 0x7f, 1, 0, 0},       {0xc2, 0xdf, 2, 0x80, 0xbf}, {0xe0, 0xe0, 3, 0xa0, 0xbf},
        {0xe1, 0xec, 3, 0x80, 0xbf}, {0xed, 0xed, 3, 0x80, 0x9f}, {0xee, 0xef, 3, 0x80, 0xbf},
        {0xf0, 0xf0, 4, 0x90, 0xbf}, {0xf1, 0xf3, 4, 0x80, 0xbf}, {0xf4, 0xf4, 4, 0x80, 0x8f},
    };
    const uint8_t *bytes = (const uint8_t *)text;
    for (size_t i = 0; room > 0 && i < sizeof(heads) / sizeof(heads[0]); i++) {
        if (bytes[0] < heads[i].first || bytes[0] > heads[i].last)
            continue;
        size_t length = heads[i].length;
        if (length > room)
            return 0;
        if (length > 1 && (bytes[1] < heads[i].second_least || bytes[1] > heads[i].second_most))
            return 0;
        for (size_t b = 2; b < length; b++)
            if ((bytes[b] & 0xc0) != 0x80)
                return 0;
        return length;
    }
    return 0;
}

char *utf8_clean(const char *text, size_t length)
{
    char *copy = malloc(length + 1);
    if (!copy)
        return NULL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    for (size_t i = 0; i < length;) {
        size_t step = utf8_sequence(copy + i, length - i);
        if (step == 0)
            copy[i] = '?';
        i += step ? step : 1;
    }
    return copy;
}
