/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "door/screen.h"

#include "door/codepage.h"

#include <string.h>

/* An attribute: bits 0-3 the character's colour, 4-6 the background's, 7 blinking, as after a reset of the
 * VGA. The VGA counts blue, green, red from bit 0 on; ECMA-48 red, green, blue. */
static void set_attribute(uint8_t attribute, FILE *to)
{
    static const char colours[8] = {0, 4, 2, 6, 1, 5, 3, 7};
    unsigned text = attribute & 7, ground = attribute >> 4 & 7;

    fprintf(to, "\033[0;%d;%d%sm", (attribute & 8 ? 90 : 30) + colours[text], 40 + colours[ground],
            attribute & 0x80 ? ";5" : "");
}

static void draw_row(struct screen_view *view, const struct engine_screen *screen, unsigned row,
                     int *attribute, FILE *to)
{
    unsigned at = UINT32_MAX; /* the column at which the terminal's cursor is */

    for (unsigned column = 0; column < ENGINE_SCREEN_COLUMNS && column < view->columns; column++) {
        size_t cell = 2 * (row * ENGINE_SCREEN_COLUMNS + column);
        uint8_t character = screen->cells[cell], colours = screen->cells[cell + 1];

        if (view->is_shown && memcmp(view->shown.cells + cell, screen->cells + cell, 2) == 0)
            continue;
        if (at != column)
            fprintf(to, "\033[%u;%uH", row + 1, column + 1);
        if (*attribute != colours)
            set_attribute(colours, to);
        *attribute = colours;
        fputs(codepage_437(character), to);
        at = column + 1;
    }
}

void screen_draw(struct screen_view *view, const struct engine_screen *screen, FILE *to)
{
    int attribute = -1;
    unsigned row = screen->cursor / ENGINE_SCREEN_COLUMNS, column = screen->cursor % ENGINE_SCREEN_COLUMNS;

    fputs("\033[?25l", to);
    if (!view->is_shown)
        fputs("\033[0m\033[2J", to);
    for (unsigned i = 0; i < ENGINE_SCREEN_ROWS && i < view->rows; i++)
        draw_row(view, screen, i, &attribute, to);
    fputs("\033[0m", to);
    if (screen->cursor < ENGINE_SCREEN_CELLS && row < view->rows && column < view->columns)
        fprintf(to, "\033[%u;%uH\033[?25h", row + 1, column + 1);
    view->shown = *screen;
    view->is_shown = true;
}

void screen_print(const struct engine_screen *screen, FILE *to)
{
    for (unsigned row = 0; row < ENGINE_SCREEN_ROWS; row++) {
        const uint8_t *cells = screen->cells + (size_t)2 * row * ENGINE_SCREEN_COLUMNS;
        unsigned length = ENGINE_SCREEN_COLUMNS;

        while (length > 0 && strcmp(codepage_437(cells[2 * (length - 1)]), " ") == 0)
            length--;
        for (unsigned i = 0; i < length; i++)
            fputs(codepage_437(cells[2 * i]), to);
        fputc('\n', to);
    }
}
