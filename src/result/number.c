/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "result/number.h"

#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* printf() writes the locale's decimal point, which may be several bytes. */
static const char *point(char *text)
{
    const char *theirs = localeconv()->decimal_point;
    char *at = strcmp(theirs, ".") == 0 ? NULL : strstr(text, theirs);
    if (at) {
        size_t length = strlen(theirs);
        *at = '.';
        memmove(at + 1, at + length, strlen(at + length) + 1);
    }
    return text;
}

const char *number_digits(double number, int digits, char text[NUMBER_ROOM])
{
    snprintf(text, NUMBER_ROOM, "%.*g", digits, number);
    return point(text);
}

const char *number_fixed(double number, int decimals, char text[NUMBER_ROOM])
{
    if (!(fabs(number) < 1e15))
        return number_digits(number, 6, text);
    snprintf(text, NUMBER_ROOM, "%.*f", decimals, number);
    if (text[0] == '-' && strspn(text, "-0.,") == strlen(text))
        memmove(text, text + 1, strlen(text));
    return point(text);
}

const char *number_plain(double number, int digits, char text[NUMBER_ROOM])
{
    double size = fabs(number);
    if (size == 0)
        return number_fixed(0, 0, text);
    if (!(size >= 1e-4 && size < 1e15))
        return number_digits(number, digits, text);
    /* The place of the first digit once rounded: 9.996 with three digits is 10.0. */
    char scientific[NUMBER_ROOM];
    snprintf(scientific, sizeof(scientific), "%.*e", digits - 1, size);
    const char *exponent = strchr(scientific, 'e');
    int magnitude = 0;
    if (exponent)
        sscanf(exponent + 1, "%d", &magnitude);
    int decimals = digits - 1 - magnitude;
    return number_fixed(number, decimals > 0 ? decimals : 0, text);
}

const char *number_grouped(uint64_t number, char text[NUMBER_ROOM])
{
    char digits[24];
    int length = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)number);
    char *to = text;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            *to++ = ',';
        *to++ = digits[i];
    }
    *to = '\0';
    return text;
}
