/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parts of the resource picture, private to src/report/svg*.c. Lengths are SVG user units (CSS pixels).
 */
#ifndef MVM_REPORT_SVG_H
#define MVM_REPORT_SVG_H

#include "report/report.h"

#include <stdio.h>

enum { SVG_RUNS_MOST = 8, SVG_TEXT_ROOM = 1024 };

/* Sizes that several parts share. */
enum { SVG_WIDTH = 960, SVG_MARGIN = 24, SVG_FONT = 13, SVG_LINE = 19 };

struct picture {
    FILE *to;
    const struct report_run *runs;
    size_t count;
    double left, right, top, bottom; /* of the plot */
    double most_vms;                 /* at `right`; 0 is at `left` */
    double least_vms;                /* 0: the axis is linear; else logarithmic, and this is at `left` */
    double step_vms;                 /* between ticks of a linear axis */
    double y;                        /* below everything drawn so far */
};

/* svg_draw.c: elements. `class` is of the style sheet; texts are cleaned and escaped here. */
const char *svg_number(double number, char text[64]);
void svg_escape(const char *text, FILE *to);
void svg_text(FILE *to, double x, double y, const char *class, const char *text);
void svg_line(FILE *to, double x1, double y1, double x2, double y2, const char *class);

/* Upper estimate of a text's width in the widest common sans-serif font (DejaVu Sans), so that what fits by
 * it fits. */
double svg_text_width(const char *text, double font_size);

/* Copies as much of the beginning of `text` as fits `width`, ending in "…" where something was cut. */
const char *svg_fit(const char *text, double font_size, double width, char ret_text[SVG_TEXT_ROOM]);

/* Draws `text` from (x, y) in at most `lines` lines of `width`, broken between words; returns the lines
 * drawn. */
int svg_wrap(FILE *to, double x, double y, double width, int lines, const char *class, const char *text);

/* svg_style.c: the style sheet with the colours of both grounds. */
void svg_style(FILE *to);
/* All that stands before the drawing: the root element, the title (plain ASCII), the style sheet, the ground.
 */
void svg_begin(FILE *to, int height, const char *title);

/* svg.c: the whole file around what `draw` draws, which leaves picture->y at its end; -EINVAL: no runs, or
 * too many. */
int svg_whole(const struct report_run *runs, size_t count, const char *title,
              void (*draw)(struct picture *picture), FILE *to);

/* svg_axis.c */
void svg_choose_axis(struct picture *picture);
double svg_x(const struct picture *picture, double vms);
double svg_y(const struct picture *picture, double percent); /* clamped to 0 .. 100 */
bool svg_whole_agrees(const struct picture *picture);        /* 100 % means the same in all runs */
void svg_axes(struct picture *picture);
/* The smallest of 1, 2, 5 times a power of ten that is at least `least` and at least 1. */
double svg_nice_step(double least);
/* The axis of VMs with its grid, and the lines of both axes; the title is for a logarithmic axis. NULL: no
 * labels, in a plot with another one below. */
void svg_axis_vms(const struct picture *picture, const char *logarithmic);
/* The upright title of the other axis, as SVG text, left of it. */
void svg_axis_title(const struct picture *picture, double distance, const char *title);
void svg_thresholds(const struct picture *picture);

/* svg_series.c */
bool svg_resource_drawn(const struct result *result, enum resource resource);
void svg_series(const struct picture *picture);
void svg_marker(FILE *to, enum resource resource, double x, double y, double size);
const char *svg_dash_class(enum resource resource);

/* svg_stop.c: where and why each run ended, in rows above the plot; svg_stop_rows() first, to know their
 * number. */
struct svg_stop {
    double x, text_x;
    bool text_left; /* the text stands left of the mark */
    int row;        /* from the plot upward */
    char text[256];
};
int svg_stop_rows(const struct picture *picture, struct svg_stop stops[SVG_RUNS_MOST]);
void svg_stops(const struct picture *picture, const struct svg_stop stops[SVG_RUNS_MOST]);

/* svg_legend.c: everything below the plot. */
void svg_legend(struct picture *picture);
/* An entry of a run: its colour and name; a line more, of `lines` at most; and how it ended, which ends it.
 */
void svg_entry_begin(struct picture *picture, size_t run);
void svg_entry_line(struct picture *picture, int lines, const char *class, const char *text);
void svg_entry_end(struct picture *picture, size_t run);
/* "96 VMs of class A (own live hypervisor object, booted) · all 96 answered". */
void svg_entry_vms(const struct result *result, char ret_text[SVG_TEXT_ROOM]);
void svg_footer(struct picture *picture);

#endif
