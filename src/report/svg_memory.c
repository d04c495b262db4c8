/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where the memory went: a stacked bar a run. */
#include "base/option.h"
#include "report/memory_kinds.h"
#include "report/svg.h"
#include "report/text.h"
#include "result/number.h"

#include <errno.h>
#include <math.h>

enum { BAR_HEIGHT = 24, BAR_LEFT = SVG_MARGIN + 24, BAR_RIGHT = SVG_WIDTH - SVG_MARGIN - 24, TOP = 84 };

static const char title[] = "Where the memory went";

/* Colours of the kinds but the unexplained, which is hatched in the colour of warnings. */
static const char kind_style[] =
    "<style>\n"
    ".part{stroke:#fff;stroke-width:1}\n"
    ".kind0{fill:#0072b2}.kind1{fill:#56b4e9}.kind2{fill:#00805e}.kind3{fill:#7ccfb5}.kind4{fill:#a8478a}\n"
    ".kind5{fill:#c44e00}.kind6{fill:#e3a857}.kind7{fill:#8f6400}.kind8{fill:#8b949e}\n"
    ".kind9{fill:url(#unexplained);stroke:#b3261e}.hatch{stroke:#b3261e;stroke-width:2}\n"
    "@media (prefers-color-scheme:dark){\n"
    ".part{stroke:#0d1117}\n"
    ".kind0{fill:#3a8fc7}.kind1{fill:#9fd0f0}.kind2{fill:#2fa583}.kind3{fill:#8fe0c8}.kind4{fill:#c874ab}\n"
    ".kind5{fill:#e0733a}.kind6{fill:#f0c07a}.kind7{fill:#b58a2e}.kind8{fill:#8b949e}\n"
    ".kind9{stroke:#ff7b72}.hatch{stroke:#ff7b72}\n"
    "}\n</style>\n"
    "<defs><pattern id=\"unexplained\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">"
    "<path class=\"hatch\" d=\"M-1 7L7-1M-1 1L1-1M5 7L7 5\"/></pattern></defs>\n";

/* Percent of what was taken that all bars reach from and to: kinds that became less stand left of 0. */
struct scale {
    double least, most;
};

static double share(const struct result *result, size_t kind)
{
    double percent =
        100 * memory_kind_bytes(&result->memory_accounting, kind) / result->memory_accounting.taken;

    return isfinite(percent) ? percent : 0;
}

static struct scale choose_scale(const struct picture *picture)
{
    struct scale scale = {0, 100};

    for (size_t r = 0; r < picture->count; r++) {
        double below = 0, above = 0;

        for (size_t kind = 0; kind < MEMORY_KINDS; kind++) {
            double percent = share(picture->runs[r].result, kind);

            *(percent < 0 ? &below : &above) += percent;
        }
        scale.least = fmin(scale.least, below);
        scale.most = fmax(scale.most, above);
    }
    scale.least = 10 * floor(scale.least / 10 + 1e-6);
    scale.most = 10 * ceil(scale.most / 10 - 1e-6);
    return scale;
}

static double place(const struct scale *scale, double percent)
{
    return BAR_LEFT + (BAR_RIGHT - BAR_LEFT) * (percent - scale->least) / (scale->most - scale->least);
}

static void key(struct picture *picture)
{
    double x = SVG_MARGIN, y = TOP;

    for (size_t kind = 0; kind < MEMORY_KINDS; kind++) {
        bool any = kind == MEMORY_UNEXPLAINED;
        char a[64], b[64];

        for (size_t r = 0; r < picture->count; r++)
            any = any || fabs(share(picture->runs[r].result, kind)) > 0;
        if (!any)
            continue;
        double width = 20 + svg_text_width(memory_kind_name(kind), SVG_FONT) + 20;

        if (x + width > SVG_WIDTH - SVG_MARGIN) {
            x = SVG_MARGIN;
            y += SVG_LINE + 2;
        }
        fprintf(picture->to, "<rect class=\"part kind%zu\" x=\"%s\" y=\"%s\" width=\"14\" height=\"14\"/>\n",
                kind, svg_number(x, a), svg_number(y - 12, b));
        svg_text(picture->to, x + 20, y, NULL, memory_kind_name(kind));
        x += width;
    }
    picture->y = y + 8;
}

static void part(const struct picture *picture, const struct scale *scale, size_t kind, double from,
                 double to)
{
    char x[64], y[64], width[64];

    fprintf(picture->to, "<rect class=\"part kind%zu\" x=\"%s\" y=\"%s\" width=\"%s\" height=\"%d\">", kind,
            svg_number(place(scale, from), x), svg_number(picture->y, y),
            svg_number(place(scale, to) - place(scale, from), width), BAR_HEIGHT);
    fprintf(picture->to, "<title>%s: %s %%</title></rect>\n", memory_kind_name(kind),
            number_fixed(to - from, 2, x));
}

static void bar(struct picture *picture, const struct scale *scale, const struct result *result)
{
    double left = 0, right = 0;

    picture->y += 10;
    for (size_t kind = 0; kind < MEMORY_KINDS; kind++) {
        double percent = share(result, kind);

        if (percent > 0) {
            part(picture, scale, kind, right, right + percent);
            right += percent;
        } else if (percent < 0) {
            part(picture, scale, kind, left + percent, left);
            left += percent;
        }
    }
    picture->y += BAR_HEIGHT;
}

static void axis(struct picture *picture, const struct scale *scale)
{
    double y = picture->y + 14;
    double step = svg_nice_step((scale->most - scale->least) / 10);
    char text[NUMBER_ROOM];

    svg_line(picture->to, BAR_LEFT, y, BAR_RIGHT, y, "axis");
    for (double percent = step * ceil(scale->least / step); percent <= scale->most + 1e-6; percent += step) {
        svg_line(picture->to, place(scale, percent), y, place(scale, percent), y + 5, "axis");
        svg_text(picture->to, place(scale, percent), y + 20, "small muted middle",
                 number_digits(percent + 0.0, 4, text));
    }
    svg_text(picture->to, (BAR_LEFT + BAR_RIGHT) / 2.0, y + 42, "middle", "Percent of the memory taken");
    picture->y = y + 46;
}

static void draw(struct picture *picture)
{
    struct scale scale = choose_scale(picture);
    char line[SVG_TEXT_ROOM], fitted[SVG_TEXT_ROOM], taken[SIZE_TEXT_ROOM], each[SIZE_TEXT_ROOM],
        rest[SIZE_TEXT_ROOM], vms[NUMBER_ROOM], percent[NUMBER_ROOM];

    if (picture->count == 1)
        snprintf(line, sizeof(line), "%s: %.900s", title, picture->runs[0].label);
    else
        snprintf(line, sizeof(line), "%s: %zu runs", title, picture->count);
    svg_text(picture->to, SVG_MARGIN, 36, "title", svg_fit(line, 20, SVG_WIDTH - 2 * SVG_MARGIN, fitted));
    svg_text(picture->to, SVG_MARGIN, 58, "muted",
             "Beyond the empty host, by the kernel’s own accounts; what none of them tells is unexplained.");
    fputs(kind_style, picture->to);
    key(picture);
    for (size_t r = 0; r < picture->count; r++) {
        const struct result *result = picture->runs[r].result;
        const struct memory_accounting *memory = &result->memory_accounting;
        uint64_t most = memory_kinds_vms(result);

        svg_entry_begin(picture, r);
        bar(picture, &scale, result);
        snprintf(line, sizeof(line), "%s at %s VMs, %s each · unexplained %s %% (%s)",
                 size_text(memory->taken, taken), number_grouped(most, vms),
                 size_text(memory->taken / (double)most, each),
                 number_fixed(share(result, MEMORY_UNEXPLAINED), 1, percent),
                 size_text(memory->unexplained, rest));
        svg_entry_line(picture, 2, NULL, line);
        svg_entry_vms(result, line);
        svg_entry_line(picture, 2, "muted", line);
    }
    axis(picture, &scale);
    svg_footer(picture);
}

int report_write_memory_svg(const struct report_run *runs, size_t count, FILE *to)
{
    for (size_t r = 0; r < count; r++)
        if (!report_has_accounting(runs[r].result))
            return -ENODATA;
    return svg_whole(runs, count, title, draw, to);
}
