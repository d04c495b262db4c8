/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of `mvm image`. Each is called with argv[0] its own name and returns the exit status. */
#ifndef MVM_CMD_IMAGE_H
#define MVM_CMD_IMAGE_H

#include <stdbool.h>

struct reason;
struct image;

int image_build_main(int argc, char **argv);
int image_list_main(int argc, char **argv);
int image_show_main(int argc, char **argv);

/* Says why on stderr, and returns the exit status 2. */
int image_usage_error(const struct reason *reason);

/* Prints what ndisasm makes of the image, or, as a line, why it cannot be shown. */
void image_print_disassembly(const struct image *image);

struct json_t;
/* The lines of the disassembly as a JSON array, or null where there is no ndisasm. */
struct json_t *image_disassembly_json(const struct image *image);

#endif
