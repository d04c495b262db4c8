/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A part of top_screen.h: the heat map with its legend, and the busiest VMs. */
#ifndef MVM_CMD_TOP_MAP_H
#define MVM_CMD_TOP_MAP_H

#include "cmd/top_screen.h"

/* Fills the rows from `row` up to `end_row`, at least three. */
void top_map_put(struct top_grid *grid, const struct top_view *view, unsigned row, unsigned end_row,
                 struct top_map *ret_map);

#endif
