/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Images: the 512-byte boot sectors that VMs run.
 *
 * An image of ours carries a descriptor after its first jump (docs/guest-protocol.md, "The descriptor"), from
 * which its guest, its settings and its promise to answer challenges are known. Any other boot sector runs as
 * well; what it does is then not known, and no liveness is claimed for it.
 */
#ifndef MVM_GUEST_IMAGE_H
#define MVM_GUEST_IMAGE_H

#include "base/file.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reason;

enum {
    IMAGE_SIZE = 512,
    IMAGE_GUEST_NAME_ROOM = 9,
    IMAGE_DESCRIPTOR_END = 18, /* code or settings begin here at the earliest */
    IMAGE_SIGNATURE = 510,     /* offset of 55h AAh */
};

struct image {
    uint8_t bytes[IMAGE_SIZE];
    char sha256[SHA256_TEXT_ROOM];
    bool ours;                         /* has a valid descriptor */
    char guest[IMAGE_GUEST_NAME_ROOM]; /* name in the descriptor; "" when not ours */
    bool answers;                      /* ours, and so announces readiness and answers challenges */
};

/* Fills `image` from the 512 bytes at `bytes`: hash, descriptor. Does not judge the signature. */
void image_from_bytes(struct image *image, const uint8_t bytes[IMAGE_SIZE]);

/*
 * Loads an image from a file. A file that is not 512 bytes long, or lacks the signature 55h AAh at its end,
 * is refused with -EINVAL and a sentence that says which. With `force` a missing signature is let pass, a
 * shorter file is padded with zeros and of a longer one the first 512 bytes are taken.
 */
int image_load(struct image *image, const char *path, bool force, struct reason *reason);

/* Where the descriptor says that the settings of an image are. */
struct image_settings {
    size_t offset; /* within the image; 0: it has none */
    size_t room;   /* bytes; offset + room is at most IMAGE_SIZE - 2 */
};

/* The settings block of an image with a valid descriptor, or {0, 0}. Safe on any 512 bytes. */
struct image_settings image_settings(const uint8_t bytes[IMAGE_SIZE]);

/* True when the last two bytes are 55h AAh. */
bool image_has_signature(const struct image *image);

#endif
