/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/reason.h"

#include <stdio.h>
#include <string.h>

int reason_set(struct reason *reason, int error, const char *format, ...)
{
    if (reason) {
        /* The text may be made from the reason's own former text, so it is built aside. */
        char text[REASON_ROOM];
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        memcpy(reason->text, text, sizeof(text));
    }
    return -error;
}

int reason_errno(struct reason *reason, int error, const char *format, ...)
{
    if (reason) {
        char text[REASON_ROOM];
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        snprintf(reason->text, sizeof(reason->text), "%.*s: %s", REASON_ROOM - 128, text, strerror(error));
    }
    return -error;
}
