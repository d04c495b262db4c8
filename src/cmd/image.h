/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of `mvm image`. */
#ifndef MVM_CMD_IMAGE_H
#define MVM_CMD_IMAGE_H

#include "cmd/command.h"

#include <stdbool.h>

struct reason;
struct image;

extern const struct command cmd_image_build, cmd_image_list, cmd_image_show;

/* Says why on stderr, and returns the exit status 2. */
int image_usage_error(const struct reason *reason);

/* Prints what ndisasm makes of the image, or, as a line, why it cannot be shown. */
void image_print_disassembly(const struct image *image);

struct json_t;
/* The lines of the disassembly as a JSON array, or null where there is no ndisasm. */
struct json_t *image_disassembly_json(const struct image *image);

#endif
