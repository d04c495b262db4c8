/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/top_screen.h"

#include "base/clock.h"
#include "base/option.h"
#include "cmd/top_map.h"
#include "cmd/top_text.h"
#include "result/number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { VALUES = 9, BAR_LEAST = 10, BAR_MOST = 50 }; /* columns */

/* A screen in the making; each of the functions below puts a line, in order. */
struct page {
    struct top_grid *grid;
    const struct top_view *view;
    unsigned row, column; /* where the next text goes */
};

#define PUT(page, style, ...)                                                                                \
    ((page)->column =                                                                                        \
         top_put((page)->grid, (page)->row, (page)->column, (page)->grid->columns, style, __VA_ARGS__))

static void begin_line(struct page *page, const char *label)
{
    page->row++;
    page->column = 0;
    PUT(page, TOP_LABEL, "%-*s", VALUES, label);
}

/* The first or last line, from one side to the other. */
static void fill_bar(struct page *page)
{
    while (page->column < page->grid->columns)
        PUT(page, TOP_BAR, " ");
}

static void put_title(struct page *page)
{
    const struct live_run *run = page->view->run;
    const char *state = page->view->paused ? "paused" : run->starting ? "starting" : "running";
    char age[TOP_TEXT_ROOM], right[64];
    double interval = (double)page->view->interval_ns / (double)NS_PER_SECOND;

    page->row = page->column = 0;
    PUT(page, TOP_BAR, " mvm top: %s   up %s   engine %s, class %c, %s", run->run,
        top_text_age(run->age_seconds, age), run->engine, run->class_letter, run->image);
    fill_bar(page);
    snprintf(right, sizeof(right), "  every %.3g s  %s ", interval, state);
    page->column = page->grid->columns - (unsigned)strlen(right);
    PUT(page, TOP_BAR, "%s", right);
}

static void put_state(struct page *page, uint64_t vms, enum top_style style, const char *name)
{
    char number[NUMBER_ROOM];

    PUT(page, vms ? style : TOP_FAINT, "%s", number_grouped(vms, number));
    PUT(page, TOP_FAINT, " %s  ", name);
}

static void put_vms(struct page *page)
{
    const struct engine_counts *counts = &page->view->now->counts;
    char wanted[NUMBER_ROOM];

    begin_line(page, "VMs");
    put_state(page, counts->running, TOP_GOOD, "running");
    put_state(page, counts->booting, TOP_WARNING, "booting");
    put_state(page, counts->failed, TOP_BAD, "failed");
    put_state(page, counts->died, TOP_BAD, "stopped");
    PUT(page, TOP_FAINT, "of %s wanted", number_grouped(page->view->run->wanted, wanted));
}

static void put_rate(struct page *page, bool known, double rate, const char *of, enum top_style style)
{
    char text[TOP_TEXT_ROOM];

    PUT(page, rate > 0 ? style : TOP_PLAIN, "%s", known ? top_text_rate(rate, text) : "-");
    PUT(page, TOP_FAINT, "%s%s  ", of[0] == '/' ? "" : " ", of);
}

static void put_wakes(struct page *page)
{
    const struct top_rates *rates = page->view->rates;
    const struct live_figures *now = page->view->now;
    bool known = rates->seconds > 0;
    char waiting[NUMBER_ROOM];

    begin_line(page, "wakes");
    if (page->view->run->starting && now->events != LIVE_WAKES) {
        PUT(page, TOP_FAINT, "not counted before the VMs are ready");
        return;
    }
    if (now->events != LIVE_WAKES) {
        PUT(page, TOP_FAINT, "not known: VMs of the engine %s run where it does not see them",
            page->view->run->engine);
        return;
    }
    put_rate(page, known, rates->wakes, "a second", TOP_PLAIN);
    if (now->vms.instructions > 0)
        put_rate(page, known, rates->instructions, "instructions/s", TOP_PLAIN);
    PUT(page, now->vms.runnable ? TOP_WARNING : TOP_PLAIN, "%s", number_grouped(now->vms.runnable, waiting));
    PUT(page, TOP_FAINT, " wait for a CPU");
}

static void put_asks(struct page *page)
{
    const struct top_rates *rates = page->view->rates;
    bool known = rates->seconds > 0;
    char p50[TOP_TEXT_ROOM], p99[TOP_TEXT_ROOM], p999[TOP_TEXT_ROOM];

    begin_line(page, "answers");
    put_rate(page, known, rates->asks[TALLY_ANSWERED], "/s", TOP_PLAIN);
    put_rate(page, known, rates->asks[TALLY_TIMEOUT], "late", TOP_WARNING);
    put_rate(page, known, rates->asks[TALLY_ENDED] + rates->asks[TALLY_BUSY] + rates->asks[TALLY_OTHER],
             "failed", TOP_BAD);
    PUT(page, TOP_FAINT, "p50 ");
    PUT(page, TOP_PLAIN, "%s", top_text_time(rates->p50_ns, p50));
    PUT(page, TOP_FAINT, "  p99 ");
    PUT(page, TOP_PLAIN, "%s", top_text_time(rates->p99_ns, p99));
    PUT(page, TOP_FAINT, "  p99.9 ");
    PUT(page, TOP_PLAIN, "%s", top_text_time(rates->p999_ns, p999));
}

static void put_doors(struct page *page)
{
    const struct top_rates *rates = page->view->rates;
    const struct live_figures *now = page->view->now;
    bool known = rates->seconds > 0;
    char open[NUMBER_ROOM];

    if (!now->has_doors)
        return;
    begin_line(page, "doors");
    put_rate(page, known, rates->requests, "requests/s", TOP_PLAIN);
    put_rate(page, known, rates->refused, "refused/s", TOP_WARNING);
    put_rate(page, known, rates->connections, "connections/s", TOP_PLAIN);
    PUT(page, TOP_PLAIN, "%s", number_grouped(now->connections, open));
    PUT(page, TOP_FAINT, " open");
    if (now->tcp_connections > 0)
        PUT(page, TOP_PLAIN, ", %s TCP", number_grouped(now->tcp_connections, open));
}

static enum top_style style_of(double percent)
{
    return percent >= 90 ? TOP_BAD : percent >= 70 ? TOP_WARNING : TOP_GOOD;
}

static void put_meter(struct page *page, double percent)
{
    unsigned columns = page->grid->columns;
    unsigned room = columns <= 80 ? BAR_LEAST : BAR_LEAST + (columns - 80) / 3;

    if (room > BAR_MOST)
        room = BAR_MOST;
    unsigned full = (unsigned)lround(percent / 100 * room);

    PUT(page, TOP_FAINT, "[");
    for (unsigned i = 0; i < room; i++)
        PUT(page, i < full ? style_of(percent) : TOP_FAINT, "%c", i < full ? '|' : ' ');
    PUT(page, TOP_FAINT, "] ");
}

static void put_cpu(struct page *page)
{
    const struct top_rates *rates = page->view->rates;
    const struct live_figures *now = page->view->now;

    begin_line(page, "CPU");
    if (rates->seconds == 0)
        return;
    if (now->host_known) {
        put_meter(page, rates->host_cpu);
        PUT(page, TOP_PLAIN, "%.1f %%", rates->host_cpu);
        PUT(page, TOP_FAINT, " of %u CPU%s; ", now->host.cpus, now->host.cpus == 1 ? "" : "s");
    }
    PUT(page, TOP_FAINT, "this run ");
    PUT(page, TOP_PLAIN, "%.1f %%", rates->run_cpu);
    PUT(page, TOP_FAINT, " of one");
    if (rates->host_steal >= 0.05)
        PUT(page, TOP_WARNING, "; %.1f %% stolen", rates->host_steal);
}

static void put_memory(struct page *page)
{
    const struct live_figures *now = page->view->now;
    uint64_t run = now->own_anonymous + now->own_shared + now->own_page_tables, vms = now->counts.running;
    const struct host_memory *host = &now->host.memory;
    char a[SIZE_TEXT_ROOM], b[SIZE_TEXT_ROOM];

    begin_line(page, "memory");
    if (now->host_known && host->total > 0) {
        double used = host->total > host->available ? (double)(host->total - host->available) : 0;

        put_meter(page, 100 * used / (double)host->total);
        PUT(page, TOP_PLAIN, "%s", size_text(used, a));
        PUT(page, TOP_FAINT, " of %s; ", size_text((double)host->total, b));
    }
    PUT(page, TOP_FAINT, "this run ");
    PUT(page, TOP_PLAIN, "%s", size_text((double)run, a));
    if (now->vms.memory_used > 0 && vms > 0) {
        PUT(page, TOP_FAINT, "; a VM ");
        PUT(page, TOP_PLAIN, "%s", size_text((double)now->vms.memory_used / (double)vms, a));
    }
    if (host->swap_total > host->swap_free)
        PUT(page, TOP_WARNING, "; %s swapped", size_text((double)(host->swap_total - host->swap_free), a));
}

/* The kinds that have grown most, as many as there is room for. */
static void put_kinds(struct page *page)
{
    enum { KINDS = 10 };
    const struct memory_accounting *taken = &page->view->now->taken;
    struct kind {
        const char *name;
        double bytes;
    } kinds[KINDS] = {{"anonymous", taken->anonymous},
                      {"page tables", taken->page_tables},
                      {"secondary tables", taken->secondary_page_tables},
                      {"kernel stacks", taken->kernel_stacks},
                      {"slab", taken->slab},
                      {"shared", taken->shared},
                      {"per CPU", taken->per_cpu},
                      {"vmalloc", taken->vmalloc},
                      {"file cache", taken->file_cache},
                      {"unexplained", taken->unexplained}};
    char bytes[SIZE_TEXT_ROOM];

    if (!page->view->now->taken_known)
        return;
    begin_line(page, "taken");
    PUT(page, TOP_PLAIN, "%s%s", taken->taken < 0 ? "-" : "", size_text(fabs(taken->taken), bytes));
    PUT(page, TOP_FAINT, " since the run began");
    for (unsigned shown = 0; shown < KINDS; shown++) {
        struct kind *most = &kinds[shown], moved;

        for (unsigned i = shown + 1; i < KINDS; i++)
            if (kinds[i].bytes > most->bytes)
                most = &kinds[i];
        moved = *most;
        *most = kinds[shown];
        kinds[shown] = moved;
        if (moved.bytes < 4096)
            return;
        size_text(moved.bytes, bytes);
        if (page->column + strlen(moved.name) + strlen(bytes) + 3 > page->grid->columns)
            return;
        PUT(page, TOP_FAINT, "%s%s ", shown ? ", " : ": ", moved.name);
        PUT(page, TOP_PLAIN, "%s", bytes);
    }
}

static void put_pressure(struct page *page)
{
    const struct top_rates *rates = page->view->rates;
    const struct {
        const char *name;
        double percent;
    } kinds[] = {
        {"CPU", rates->pressure_cpu}, {"memory", rates->pressure_memory}, {"I/O", rates->pressure_io}};

    begin_line(page, "pressure");
    if (!page->view->now->host.pressure.known) {
        PUT(page, TOP_FAINT, "not known: this kernel keeps no PSI");
        return;
    }
    if (rates->seconds == 0)
        return;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        PUT(page, TOP_FAINT, "%s ", kinds[i].name);
        PUT(page, kinds[i].percent >= 10 ? TOP_WARNING : TOP_PLAIN, "%.1f %%  ", kinds[i].percent);
    }
    PUT(page, TOP_FAINT, "of the time");
}

static void put_stop(struct page *page)
{
    if (!page->view->run->stop_reason[0])
        return;
    begin_line(page, "growth");
    PUT(page, TOP_WARNING, "stopped: %s", page->view->run->stop_reason);
}

static void put_keys(struct page *page)
{
    const bool help = page->view->help;
    const struct {
        const char *key, *does;
        bool shown;
    } keys[] = {{"q", "quit", true},
                {"space", page->view->paused ? "go on" : "pause", true},
                {"+ -", "interval", true},
                {"arrows", "a cell", true},
                {"h", help ? "back" : "help", true},
                {"tab", "next run", page->view->others}};

    page->row = page->grid->rows - 1;
    page->column = 0;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (keys[i].shown)
            PUT(page, TOP_BAR, " %s %s  ", keys[i].key, keys[i].does);
    fill_bar(page);
}

static void put_help(struct page *page)
{
    static const char *const lines[] = {
        "q, Ctrl-C      leave; the run goes on",
        "space          hold the screen still, and go on",
        "+ -            look more often, less often",
        "arrows         mark a cell: which VMs it is, and what they do",
        "Escape         no cell is marked any more",
        "tab            the next run, when there are several",
        "",
        "wakes          a VM was given the CPU since something came for it",
        "answers        of VMs to what they were asked, and how long they took",
        "CPU            of the whole host; of the process of this run",
        "taken          memory of the host since before the run, whoever took it",
        "pressure       PSI: some task could not go on for want of it",
        "map            each mark a factor of about two more events a second of a VM",
    };

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        page->row = 2 + (unsigned)i;
        page->column = 2;
        if (page->row + 1 < page->grid->rows)
            PUT(page, TOP_PLAIN, "%s", lines[i]);
    }
}

/* Where the map would be, and why there is none. */
static void put_no_map(struct page *page)
{
    page->row += 2;
    page->column = 0;
    if (page->row + 1 < page->grid->rows)
        PUT(page, TOP_FAINT, "%s",
            page->view->run->starting ? "the VMs are still being started"
                                      : "what single VMs do is not known");
}

void top_screen(const struct top_view *view, unsigned columns, unsigned rows, struct top_grid *ret_grid,
                struct top_map *ret_map)
{
    struct page page = {.grid = ret_grid, .view = view};

    *ret_map = (struct top_map){0};
    top_grid_clear(ret_grid, columns, rows);
    if (ret_grid->columns < TOP_COLUMNS_LEAST || ret_grid->rows < TOP_ROWS_LEAST) {
        PUT(&page, TOP_WARNING, "at least %dx%d, please", TOP_COLUMNS_LEAST, TOP_ROWS_LEAST);
        return;
    }
    put_title(&page);
    put_keys(&page);
    if (view->help) {
        put_help(&page);
        return;
    }
    page.row = 0;
    put_vms(&page);
    put_stop(&page);
    put_wakes(&page);
    put_asks(&page);
    put_doors(&page);
    put_cpu(&page);
    put_memory(&page);
    put_kinds(&page);
    put_pressure(&page);
    if (view->now->events == LIVE_NOTHING || view->now->vms.heat.count == 0)
        put_no_map(&page);
    else if (page.row + 4 < ret_grid->rows)
        top_map_put(ret_grid, view, page.row + 1, ret_grid->rows - 1, ret_map);
}
