/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A screen of text that no terminal has to be there for: characters with a meaning each, which who draws it
 * turns into colours. Only ASCII, which every terminal shows. */
#ifndef MVM_CMD_TOP_GRID_H
#define MVM_CMD_TOP_GRID_H

#include <stdint.h>

enum top_style {
    TOP_PLAIN,
    TOP_BAR,   /* the first and the last line */
    TOP_LABEL, /* what a line is about */
    TOP_FAINT,
    TOP_GOOD,
    TOP_WARNING,
    TOP_BAD,
    TOP_CURSOR,
    TOP_HEAT, /* and more, up to TOP_HEAT_LEVELS - 1 */
};

/* Level 0 is for what does nothing. */
enum { TOP_HEAT_LEVELS = 10 };
extern const char top_heat_marks[TOP_HEAT_LEVELS + 1];

enum { TOP_COLUMNS_MOST = 512, TOP_ROWS_MOST = 256 };

struct top_grid {
    unsigned columns, rows;
    char text[TOP_ROWS_MOST][TOP_COLUMNS_MOST];
    uint8_t style[TOP_ROWS_MOST][TOP_COLUMNS_MOST]; /* enum top_style */
};

/* Blank, and no larger than can be. */
void top_grid_clear(struct top_grid *grid, unsigned columns, unsigned rows);

/* Writes from `column` on, as far as there is room before `end` and the grid's own; returns where it ended.
 */
unsigned top_put(struct top_grid *grid, unsigned row, unsigned column, unsigned end, enum top_style style,
                 const char *format, ...) __attribute__((format(printf, 6, 7)));

void top_put_heat(struct top_grid *grid, unsigned row, unsigned column, unsigned level);

#endif
