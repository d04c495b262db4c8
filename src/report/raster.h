/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A picture for papers: SVG of ours as PNG or PDF, by librsvg, which is loaded when it is first used. */
#ifndef MVM_REPORT_RASTER_H
#define MVM_REPORT_RASTER_H

#include <stdbool.h>
#include <stddef.h>

struct reason;

enum raster_format {
    RASTER_PNG, /* twice as many pixels as the picture has units */
    RASTER_PDF, /* one page of the picture's size; text stays text */
};

/* Whether this program was built with it (meson's option png_pdf). */
bool report_raster_built(void);

/*
 * Draws `svg` on its light ground; `*ret_bytes`, which the caller frees, are the bytes of the file. A PDF
 * says that it was made at `unix_seconds`, so that the same picture gives the same bytes. -ENOTSUP: not built
 * with it, or the library is not installed; -EINVAL: `svg` cannot be read; -ENOMEM.
 */
int report_raster(const char *svg, size_t length, enum raster_format format, double unix_seconds,
                  char **ret_bytes, size_t *ret_length, struct reason *reason);

#endif
