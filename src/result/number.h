/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers as text with a point whatever the locale, so that files and pictures are the same everywhere. */
#ifndef MVM_RESULT_NUMBER_H
#define MVM_RESULT_NUMBER_H

#include <stdint.h>

enum { NUMBER_ROOM = 64 };

/* `digits` significant digits, exponent where that is shorter ("%.15g"). Returns `text`. */
const char *number_digits(double number, int digits, char text[NUMBER_ROOM]);

/* `decimals` digits after the point ("%.2f"); from 1e15 on as number_digits() does. "-0.00" is written
 * "0.00". */
const char *number_fixed(double number, int decimals, char text[NUMBER_ROOM]);

/* `digits` significant digits without an exponent down to 1e-4 and up to 1e15, trailing zeros kept:
 * 0.0123, 1.50, 120. */
const char *number_plain(double number, int digits, char text[NUMBER_ROOM]);

/* With commas between thousands: "1,234,567". */
const char *number_grouped(uint64_t number, char text[NUMBER_ROOM]);

#endif
