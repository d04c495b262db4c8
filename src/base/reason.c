/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/reason.h"

#include <stdio.h>
#include <string.h>

/* The text may be made from the reason's own former text, so it is built aside. */
static void fill(struct reason *reason, const char *format, va_list arguments, const char *more)
{
    char text[REASON_ROOM];

    vsnprintf(text, sizeof(text), format, arguments);
    /* What comes last is the cause, which must not be what is cut. */
    snprintf(reason->text, sizeof(reason->text), "%.*s%s%s", more ? REASON_ROOM - 128 : REASON_ROOM, text,
             more ? ": " : "", more ? more : "");
}

int reason_set(struct reason *reason, int error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (reason)
        fill(reason, format, arguments, NULL);
    va_end(arguments);
    return -error;
}

int reason_errno(struct reason *reason, int error, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    if (reason)
        fill(reason, format, arguments, strerror(error));
    va_end(arguments);
    return -error;
}
