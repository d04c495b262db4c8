/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The firmware of the engine qemu: QEMU's own BIOS, a ROM of the user's, or the built-in one ("minimal"),
 * which has the unmodified image inside and starts it as a BIOS does.
 */
#ifndef MVM_ENGINE_QEMU_FIRMWARE_H
#define MVM_ENGINE_QEMU_FIRMWARE_H

#include "guest/image.h"

#include <stdbool.h>

#define QEMU_FIRMWARE_MINIMAL "minimal"

/* Whether the option --firmware, NULL when it was not given, means the built-in ROM. */
bool qemu_firmware_is_minimal(const char *firmware);

/* SHA-256 of the built-in ROM with this image. */
void qemu_firmware_sha256(const struct image *image, char ret_text[SHA256_TEXT_ROOM]);

/* Writes the built-in ROM with this image to `path`. 0 or -errno with a sentence. */
int qemu_firmware_write(const struct image *image, const char *path, struct reason *reason);

#endif
