/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/raster.h"

#include "base/library.h"
#include "base/reason.h"

#include <errno.h>

#if MVM_PNG_PDF

#include <cairo-pdf.h>
#include <librsvg/rsvg.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* By its interface's version, which the headers are of too. It brings some thirty libraries, which a process
 * that is measured, or that holds a million VMs, must not carry: so it is no dependency of the program. */
static const char library_name[] = "librsvg-2.so.2";

struct renderer {
    typeof(rsvg_handle_new_from_data) *handle_new;
    typeof(rsvg_handle_get_intrinsic_dimensions) *dimensions;
    typeof(rsvg_handle_render_document) *render;
    typeof(g_object_unref) *unref;
    typeof(g_error_free) *error_free;
    typeof(cairo_create) *create;
    typeof(cairo_scale) *scale;
    typeof(cairo_status) *status;
    typeof(cairo_destroy) *destroy;
    typeof(cairo_image_surface_create) *image;
    typeof(cairo_pdf_surface_create_for_stream) *pdf;
    typeof(cairo_pdf_surface_set_metadata) *metadata;
    typeof(cairo_surface_write_to_png_stream) *write_png;
    typeof(cairo_surface_finish) *finish;
    typeof(cairo_surface_status) *surface_status;
    typeof(cairo_surface_destroy) *surface_destroy;
};

static int load(struct renderer *library, struct reason *reason)
{
    const struct library_symbol symbols[] = {
        {"rsvg_handle_new_from_data", (void **)&library->handle_new},
        {"rsvg_handle_get_intrinsic_dimensions", (void **)&library->dimensions},
        {"rsvg_handle_render_document", (void **)&library->render},
        {"g_object_unref", (void **)&library->unref},
        {"g_error_free", (void **)&library->error_free},
        {"cairo_create", (void **)&library->create},
        {"cairo_scale", (void **)&library->scale},
        {"cairo_status", (void **)&library->status},
        {"cairo_destroy", (void **)&library->destroy},
        {"cairo_image_surface_create", (void **)&library->image},
        {"cairo_pdf_surface_create_for_stream", (void **)&library->pdf},
        {"cairo_pdf_surface_set_metadata", (void **)&library->metadata},
        {"cairo_surface_write_to_png_stream", (void **)&library->write_png},
        {"cairo_surface_finish", (void **)&library->finish},
        {"cairo_surface_status", (void **)&library->surface_status},
        {"cairo_surface_destroy", (void **)&library->surface_destroy},
    };
    int error = library_load(library_name, symbols, sizeof(symbols) / sizeof(symbols[0]), reason);

    return error == -ENOENT ? reason_set(reason, ENOTSUP,
                                         "PNG and PDF need %s, which is not installed (Debian: librsvg2-2); "
                                         "--format svg does not",
                                         library_name)
                            : error;
}

static cairo_status_t write_to(void *stream, const unsigned char *bytes, unsigned length)
{
    return fwrite(bytes, 1, length, stream) == length ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_WRITE_ERROR;
}

static cairo_surface_t *surface_of(const struct renderer *library, enum raster_format format, double width,
                                   double height, double unix_seconds, FILE *to)
{
    /* A CSS pixel is 1/96 of an inch, a point of PDF 1/72. */
    if (format == RASTER_PNG)
        return library->image(CAIRO_FORMAT_ARGB32, (int)(2 * width), (int)(2 * height));
    cairo_surface_t *surface = library->pdf(write_to, to, width * 0.75, height * 0.75);
    time_t when = isfinite(unix_seconds) && fabs(unix_seconds) < 1e11 ? (time_t)unix_seconds : 0;
    struct tm utc;
    char date[64] = "1970-01-01T00:00:00Z";

    if (gmtime_r(&when, &utc))
        strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &utc);
    library->metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, date);
    return surface;
}

static int draw(const struct renderer *library, RsvgHandle *svg, enum raster_format format,
                double unix_seconds, FILE *to, struct reason *reason)
{
    gboolean has_width, has_height, has_box;
    RsvgLength width, height;
    RsvgRectangle box;

    library->dimensions(svg, &has_width, &width, &has_height, &height, &has_box, &box);
    if (!has_width || !has_height || width.unit != RSVG_UNIT_PX || height.unit != RSVG_UNIT_PX ||
        !(width.length > 0 && width.length < 10000) || !(height.length > 0 && height.length < 100000))
        return reason_set(reason, EINVAL, "the picture has no size");
    cairo_surface_t *surface = surface_of(library, format, width.length, height.length, unix_seconds, to);
    cairo_t *context = library->create(surface);
    const RsvgRectangle page = {0, 0, width.length, height.length};
    const double scale = format == RASTER_PNG ? 2 : 0.75;

    library->scale(context, scale, scale);
    bool drawn =
        library->render(svg, context, &page, NULL) && library->status(context) == CAIRO_STATUS_SUCCESS;

    library->destroy(context);
    if (drawn && format == RASTER_PNG)
        drawn = library->write_png(surface, write_to, to) == CAIRO_STATUS_SUCCESS;
    library->finish(surface);
    drawn = drawn && library->surface_status(surface) == CAIRO_STATUS_SUCCESS;
    library->surface_destroy(surface);
    return drawn ? 0 : reason_set(reason, ENOMEM, "the picture could not be drawn");
}

bool report_raster_built(void)
{
    return true;
}

int report_raster(const char *svg, size_t length, enum raster_format format, double unix_seconds,
                  char **ret_bytes, size_t *ret_length, struct reason *reason)
{
    struct renderer library;
    GError *wrong = NULL;
    char *bytes = NULL;
    int error = load(&library, reason);

    /* It is not unloaded: GLib, which it brings, cannot be. */
    if (error)
        return error;
    RsvgHandle *handle = library.handle_new((const guint8 *)svg, length, &wrong);

    if (!handle) {
        error =
            reason_set(reason, EINVAL, "the picture cannot be read: %s", wrong ? wrong->message : "unknown");
        if (wrong)
            library.error_free(wrong);
        return error;
    }
    FILE *to = open_memstream(&bytes, ret_length);

    error = to ? draw(&library, handle, format, unix_seconds, to, reason)
               : reason_set(reason, ENOMEM, "no memory for the picture");
    if (to && fclose(to) != 0 && !error)
        error = reason_set(reason, ENOMEM, "no memory for the picture");
    library.unref(handle);
    if (error)
        free(bytes);
    else
        *ret_bytes = bytes;
    return error;
}

#else

bool report_raster_built(void)
{
    return false;
}

int report_raster(const char *svg, size_t length, enum raster_format format, double unix_seconds,
                  char **ret_bytes, size_t *ret_length, struct reason *reason)
{
    (void)svg, (void)length, (void)format, (void)unix_seconds, (void)ret_bytes, (void)ret_length;
    return reason_set(reason, ENOTSUP, "this mvm was built without PNG and PDF; --format svg draws the same");
}

#endif
