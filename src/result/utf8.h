/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bytes of unknown origin (file names, command lines, another program's words) as text that JSON and XML
 * accept. */
#ifndef MVM_RESULT_UTF8_H
#define MVM_RESULT_UTF8_H

#include <stddef.h>

/*
 * Length of the UTF-8 sequence that begins at `text[0]`, 1 to 4, with at most `room` bytes readable; 0 when
 * the bytes there are not UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF).
 */
size_t utf8_sequence(const char *text, size_t room);

/* A malloc'd copy of `length` bytes, NUL-terminated, in which every byte that is not UTF-8 (or is NUL) became
 * '?'; NULL without memory. The copy has the same length. */
char *utf8_clean(const char *text, size_t length);

#endif
