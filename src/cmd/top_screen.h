/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The screen of `mvm top`: a pure function of figures and a size. */
#ifndef MVM_CMD_TOP_SCREEN_H
#define MVM_CMD_TOP_SCREEN_H

#include "cmd/top_grid.h"
#include "cmd/top_rates.h"
#include "door/live.h"

#include <stdbool.h>

enum { TOP_COLUMNS_LEAST = 40, TOP_ROWS_LEAST = 12 };

struct top_view {
    const struct live_run *run;
    const struct live_figures *now;
    const struct top_rates *rates;
    uint64_t interval_ns;
    double heat_most; /* events a second of a VM that the hottest mark stands for */
    uint64_t cursor;  /* the VM whose cell is marked; UINT64_MAX: none */
    bool paused, help;
    bool others; /* there are other runs to look at */
};

/* Where the map is, for who moves about in it: `cells` of them, `columns` in a row, each an equal part of the
 * heat map and of `width` times `height` characters. */
struct top_map {
    unsigned row, column, columns, cells, width, height;
};

void top_screen(const struct top_view *view, unsigned columns, unsigned rows, struct top_grid *ret_grid,
                struct top_map *ret_map);

/* The VMs of a cell of the map: from *ret_first on, *ret_count of them. */
void top_map_vms(const struct top_map *map, const struct live_figures *now, unsigned cell,
                 uint64_t *ret_first, uint64_t *ret_count);

/* The cell of the map that a VM is in. */
unsigned top_map_cell(const struct top_map *map, const struct live_figures *now, uint64_t vm);

/* The scale's end for the next screen: it rises at once and falls slowly, so that colours are steady. */
double top_heat_most(double before, const struct live_figures *now, const struct top_rates *rates);

#endif
