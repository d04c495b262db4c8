/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What images of the guest `web` answer, as far as those must know who ask them over HTTP. */
#ifndef MVM_GUEST_WEB_H
#define MVM_GUEST_WEB_H

#include "guest/image.h"

/* True for images of the guest `web`. */
bool image_is_web(const struct image *image);

/* The content that an image of `web` has for a path (which may have a query); false: it has none for it, or
 * is no such image. The content is in the image and has no NUL at its end. */
bool web_content(const struct image *image, const char *path, const char **ret_content, size_t *ret_length);

#endif
