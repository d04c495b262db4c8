/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A YAML file as JSON values: mappings, sequences, and scalars that are all texts; by libyaml. */
#ifndef MVM_CLOUD_YAML_H
#define MVM_CLOUD_YAML_H

#include <jansson.h>

struct reason;

/* Reads the file (of at most 1 MiB, 32 levels and 10,000 values, so that aliases cannot make much of little).
 * -ENOENT: there is none; -EINVAL: it is not YAML, with its line. The caller owns `*ret_value`. */
int yaml_read(const char *path, json_t **ret_value, struct reason *reason);

#endif
