/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/top_grid.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char top_heat_marks[TOP_HEAT_LEVELS + 1] = " .:-=+*#%@";

void top_grid_clear(struct top_grid *grid, unsigned columns, unsigned rows)
{
    grid->columns = columns < TOP_COLUMNS_MOST ? columns : TOP_COLUMNS_MOST;
    grid->rows = rows < TOP_ROWS_MOST ? rows : TOP_ROWS_MOST;
    memset(grid->text, ' ', sizeof(grid->text));
    memset(grid->style, TOP_PLAIN, sizeof(grid->style));
}

unsigned top_put(struct top_grid *grid, unsigned row, unsigned column, unsigned end, enum top_style style,
                 const char *format, ...)
{
    char text[TOP_COLUMNS_MOST + 1];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (end > grid->columns)
        end = grid->columns;
    for (const char *at = text; *at && row < grid->rows && column < end; at++, column++) {
        /* Names come from elsewhere. */
        grid->text[row][column] = *at < ' ' || *at > '~' ? '?' : *at;
        grid->style[row][column] = (uint8_t)style;
    }
    return column;
}

void top_put_heat(struct top_grid *grid, unsigned row, unsigned column, unsigned level)
{
    if (row >= grid->rows || column >= grid->columns)
        return;
    grid->text[row][column] = top_heat_marks[level];
    grid->style[row][column] = (uint8_t)(TOP_HEAT + level);
}
