/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The heat map and the busiest VMs beside it. */
#include "cmd/top_map.h"

#include "cmd/top_text.h"
#include "result/number.h"

#include <math.h>

/* Marks in a factor of ten. */
#define MARKS_A_DECADE 3.0

enum { BUSIEST_COLUMNS = 30, MAP_COLUMNS_LEAST = 30, WIDEST = 4, HIGHEST = 2 };

/* The cells of the heat map that one of the screen's is made of: whole ones, and at least one. */
static void part_of(const struct top_map *map, const struct heat *heat, unsigned cell, size_t *ret_from,
                    size_t *ret_to)
{
    *ret_from = heat->count * cell / map->cells;
    *ret_to = heat->count * (cell + 1) / map->cells;
}

void top_map_vms(const struct top_map *map, const struct live_figures *now, unsigned cell,
                 uint64_t *ret_first, uint64_t *ret_count)
{
    const struct heat *heat = &now->vms.heat;
    size_t from, to;

    part_of(map, heat, cell, &from, &to);
    uint64_t first = from * heat->vms_each, end = to * heat->vms_each;

    end = end < now->numbers ? end : now->numbers;
    *ret_first = first;
    *ret_count = end > first ? end - first : 0;
}

unsigned top_map_cell(const struct top_map *map, const struct live_figures *now, uint64_t vm)
{
    const struct heat *heat = &now->vms.heat;
    uint64_t at = vm / heat->vms_each;
    unsigned cell;

    if (map->cells == 0)
        return 0;
    if (at >= heat->count)
        return map->cells - 1;
    cell = (unsigned)(at * map->cells / heat->count);
    /* Rounding may have led to the one before. */
    while (cell + 1 < map->cells && heat->count * (cell + 1) / map->cells <= at)
        cell++;
    return cell;
}

/* Events a second of one VM of the cell, on average. */
static double rate_of(const struct top_map *map, const struct top_view *view, unsigned cell)
{
    uint64_t first, count;
    size_t from, to;
    double sum = 0;

    part_of(map, &view->now->vms.heat, cell, &from, &to);
    top_map_vms(map, view->now, cell, &first, &count);
    for (size_t i = from; i < to; i++)
        sum += view->rates->heat[i];
    return count ? sum / (double)count : 0;
}

static unsigned level_of(double rate, double most)
{
    const int highest = TOP_HEAT_LEVELS - 1;

    if (rate <= 0 || most <= 0)
        return 0;
    int level = highest + (int)floor(MARKS_A_DECADE * log10(rate / most) + 0.5);

    return level < 1 ? 1 : level > highest ? (unsigned)highest : (unsigned)level;
}

double top_heat_most(double before, const struct live_figures *now, const struct top_rates *rates)
{
    const struct heat *heat = &now->vms.heat;
    double most = 0;

    if (!rates->has_heat)
        return before;
    for (size_t i = 0; i < heat->count; i++) {
        uint64_t first = i * heat->vms_each, left = now->numbers > first ? now->numbers - first : 1;
        double rate = rates->heat[i] / (double)(left < heat->vms_each ? left : heat->vms_each);

        if (rate > most)
            most = rate;
    }
    return most > before * 0.9 ? most : before * 0.9;
}

static const char *event_of(const struct top_view *view)
{
    return view->now->events == LIVE_WAKES ? "wakes" : "asks";
}

static void put_busiest(struct top_grid *grid, const struct top_view *view, unsigned row, unsigned end_row,
                        unsigned column)
{
    const struct activity_busiest *busiest = &view->now->vms.busiest;
    const double window = (double)ACTIVITY_WINDOW_NS / 1e9;
    bool works = view->now->vms.instructions > 0;
    char vm[NUMBER_ROOM], events[TOP_TEXT_ROOM], work[TOP_TEXT_ROOM];

    top_put(grid, row++, column, grid->columns, TOP_LABEL, "%11s %8s/s%s", "busiest VM", event_of(view),
            works ? "  instr./s" : "");
    if (busiest->count == 0)
        top_put(grid, row, column, grid->columns, TOP_FAINT, "%11s", "none stands out");
    for (size_t i = 0; i < busiest->count && row < end_row; i++, row++) {
        const struct activity_busy *busy = &busiest->list[i];

        top_put(grid, row, column, grid->columns, TOP_PLAIN, "%11s %10s%s%s", number_grouped(busy->vm, vm),
                top_text_rate((double)busy->events / window, events), works ? " " : "", "");
        if (works)
            top_put(grid, row, column + 22, grid->columns, TOP_PLAIN, "%10s",
                    top_text_rate((double)busy->work / window, work));
    }
}

static void put_cells(struct top_grid *grid, const struct top_view *view, const struct top_map *map)
{
    unsigned marked = view->cursor == UINT64_MAX ? map->cells : top_map_cell(map, view->now, view->cursor);

    for (unsigned cell = 0; cell < map->cells; cell++) {
        double rate = view->rates->has_heat ? rate_of(map, view, cell) : 0;
        unsigned level = level_of(rate, view->heat_most);

        for (unsigned i = 0; i < map->width * map->height; i++) {
            unsigned row = map->row + cell / map->columns * map->height + i / map->width;
            unsigned column = map->column + cell % map->columns * map->width + i % map->width;

            top_put_heat(grid, row, column, level);
            if (cell == marked)
                grid->style[row][column] = TOP_CURSOR;
        }
    }
}

/* What the marks mean, and what the marked cell is. */
static void put_legend(struct top_grid *grid, const struct top_view *view, const struct top_map *map,
                       unsigned row)
{
    char first[NUMBER_ROOM], last[NUMBER_ROOM], rate[TOP_TEXT_ROOM];
    unsigned column = top_put(grid, row, 0, grid->columns, TOP_FAINT, "0 ");

    for (unsigned level = 1; level < TOP_HEAT_LEVELS; level++)
        top_put_heat(grid, row, column++, level);
    column = top_put(grid, row, column, grid->columns, TOP_FAINT, " %s/s a VM   ",
                     top_text_rate(view->heat_most, rate));
    if (view->cursor == UINT64_MAX || map->cells == 0)
        return;
    unsigned cell = top_map_cell(map, view->now, view->cursor);
    uint64_t from, count;

    top_map_vms(map, view->now, cell, &from, &count);
    if (count == 1)
        column = top_put(grid, row, column, grid->columns, TOP_PLAIN, "VM %s", number_grouped(from, first));
    else
        column = top_put(grid, row, column, grid->columns, TOP_PLAIN, "VMs %s to %s",
                         number_grouped(from, first), number_grouped(from + count - 1, last));
    top_put(grid, row, column, grid->columns, TOP_PLAIN, ": %s/s%s",
            top_text_rate(rate_of(map, view, cell), rate), count == 1 ? "" : " each");
}

static void put_heading(struct top_grid *grid, const struct top_view *view, const struct top_map *map,
                        unsigned row, unsigned end)
{
    uint64_t first = 0, count = 0;
    char vms[NUMBER_ROOM];

    if (map->cells > 0)
        top_map_vms(map, view->now, 0, &first, &count);
    unsigned column = top_put(grid, row, 0, end, TOP_LABEL, "%s", event_of(view));

    if (count <= 1)
        top_put(grid, row, column, end, TOP_FAINT, ", a VM a cell");
    else
        top_put(grid, row, column, end, TOP_FAINT, ", %s%s VMs a cell",
                view->now->vms.heat.count % map->cells ? "about " : "", number_grouped(count, vms));
}

/* As many cells as there is room for, and cells as large as there is room for. */
static void shape(struct top_map *map, size_t most, unsigned columns, unsigned rows)
{
    map->width = map->height = 1;
    map->columns = columns;
    map->cells = columns * rows < most ? columns * rows : (unsigned)most;
    for (unsigned width = 2; width <= WIDEST; width++)
        if (columns / width * (size_t)rows >= map->cells) {
            map->width = width;
            map->columns = columns / width;
        }
    for (unsigned height = 2; height <= HIGHEST; height++)
        if (map->columns * (size_t)(rows / height) >= map->cells)
            map->height = height;
}

void top_map_put(struct top_grid *grid, const struct top_view *view, unsigned row, unsigned end_row,
                 struct top_map *ret_map)
{
    const struct heat *heat = &view->now->vms.heat;
    bool beside = grid->columns >= MAP_COLUMNS_LEAST + 2 + BUSIEST_COLUMNS + 2;
    unsigned columns = beside ? grid->columns - BUSIEST_COLUMNS - 4 : grid->columns;
    struct top_map map = {.row = row + 1};

    shape(&map, heat->count, columns, end_row - row - 2);
    put_heading(grid, view, &map, row, columns);
    put_cells(grid, view, &map);
    put_legend(grid, view, &map, end_row - 1);
    if (beside)
        put_busiest(grid, view, row, end_row - 1, grid->columns - BUSIEST_COLUMNS - 2);
    *ret_map = map;
}
