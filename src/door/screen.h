/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A VM's text screen on a terminal (ECMA-48 sequences, UTF-8), or as lines of text. */
#ifndef MVM_DOOR_SCREEN_H
#define MVM_DOOR_SCREEN_H

#include "engine/engine.h"

#include <stdio.h>

/* What of a screen is on the terminal. */
struct screen_view {
    struct engine_screen shown;
    bool is_shown;          /* false: nothing is known of what the terminal shows */
    unsigned columns, rows; /* of the terminal; what lies outside is not drawn */
};

/* Writes what makes the terminal show `screen`: the cells that changed, and the cursor. */
void screen_draw(struct screen_view *view, const struct engine_screen *screen, FILE *to);

/* Writes 25 lines of text, without the blanks at their ends. */
void screen_print(const struct engine_screen *screen, FILE *to);

#endif
