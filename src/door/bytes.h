/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bytes as JSON text whose characters are U+0000 to U+00FF, one for each byte, and back: lines of VMs may
 * hold anything. */
#ifndef MVM_DOOR_BYTES_H
#define MVM_DOOR_BYTES_H

#include <jansson.h>
#include <stddef.h>

/* NULL without memory. */
json_t *bytes_to_json(const char *bytes, size_t count);

/* -EINVAL: not a text, or one with a character above U+00FF; -E2BIG: more than `room` bytes. */
int bytes_from_json(const json_t *text, char *ret_bytes, size_t room, size_t *ret_count);

#endif
