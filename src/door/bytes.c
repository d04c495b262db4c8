/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "door/bytes.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

json_t *bytes_to_json(const char *bytes, size_t count)
{
    char *text = malloc(2 * count + 1);
    size_t at = 0;

    if (!text)
        return NULL;
    /* UTF-8 of U+0000 to U+00FF: one byte or two. */
    for (size_t i = 0; i < count; i++) {
        uint8_t byte = (uint8_t)bytes[i];

        if (byte >= 0x80)
            text[at++] = (char)(0xc0 | byte >> 6);
        text[at++] = (char)(byte >= 0x80 ? 0x80 | (byte & 0x3f) : byte);
    }
    json_t *string = json_stringn(text, at);

    free(text);
    return string;
}

int bytes_from_json(const json_t *text, char *ret_bytes, size_t room, size_t *ret_count)
{
    const uint8_t *from = (const uint8_t *)json_string_value(text);
    size_t length = json_string_length(text), count = 0;

    if (!from)
        return -EINVAL;
    for (size_t i = 0; i < length; i++) {
        uint8_t byte = from[i];

        /* jansson has checked that this is UTF-8: C2h and C3h have one byte behind them. */
        if (byte >= 0x80) {
            if (byte > 0xc3)
                return -EINVAL;
            byte = (uint8_t)(byte << 6 | (from[++i] & 0x3f));
        }
        if (count == room)
            return -E2BIG;
        ret_bytes[count++] = (char)byte;
    }
    *ret_count = count;
    return 0;
}
