/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mvm image: makes, lists and inspects the 512-byte images that VMs run. */
#include "cmd/image.h"

#include "base/reason.h"
#include "cmd/cmd.h"

#include <stdio.h>

int image_usage_error(const struct reason *reason)
{
    fprintf(stderr, "mvm image: %s\n", reason->text);
    return EXIT_USAGE;
}

const struct command cmd_image = {
    .name = "image",
    .summary = "make, list and look at 512-byte guests",
    .usage = (const char *const[]){"PART [OPTIONS]", NULL},
    .text = "Makes, lists and inspects 512-byte images, which are what VMs run.",
    .parts = (const struct command *const[]){&cmd_image_build, &cmd_image_list, &cmd_image_show, NULL},
};
