/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/svg.h"

/*
 * Eight run colours after Okabe and Ito ("Color Universal Design", 2008), darkened for the light ground and
 * lightened for the dark one until each has a contrast of at least 3:1 with it (WCAG 2.1, criterion 1.4.11).
 * Colour is never the only sign: runs are numbered, resources differ by dash and marker.
 */
static const struct {
    const char *light, *dark;
} run_colours[SVG_RUNS_MOST] = {
    {"#0072b2", "#56b4e9"}, /* blue */
    {"#c44e00", "#f28e4b"}, /* vermilion */
    {"#00805e", "#2fc59a"}, /* bluish green */
    {"#a8478a", "#e08dc0"}, /* reddish purple */
    {"#24292f", "#e6e6e6"}, /* black, white */
    {"#8f6400", "#f0c040"}, /* orange */
    {"#3a8fc7", "#9fb4ff"}, /* sky */
    {"#6b6b00", "#f0e442"}, /* yellow */
};

static const char common[] =
    "text{font:13px system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif;fill:#1b1f24}\n"
    ".title{font-size:19px;font-weight:600}\n"
    ".bold{font-weight:600}\n"
    ".small{font-size:12px}\n"
    ".muted{fill:#57606a}\n"
    ".end{text-anchor:end}\n"
    ".middle{text-anchor:middle}\n"
    ".ground{fill:#fff}\n"
    ".grid{stroke:#dfe3e8;stroke-width:1}\n"
    ".axis{stroke:#57606a;stroke-width:1;fill:none}\n"
    ".threshold{stroke:#b3261e;stroke-width:1.5;stroke-dasharray:10 4}\n"
    ".warn{fill:#b3261e}\n"
    ".key{color:#57606a}\n"
    ".curve{fill:none;stroke:currentColor;stroke-width:2;stroke-linejoin:round}\n"
    ".lead{stroke-width:1.25;stroke-opacity:.65}\n"
    ".bar{fill:none;stroke:currentColor;stroke-width:1.25}\n"
    ".mark{fill:currentColor;stroke:#fff;stroke-width:.75}\n"
    ".open{fill:none;stroke:currentColor;stroke-width:1.75}\n"
    ".drop{stroke:currentColor;stroke-width:1;stroke-dasharray:1 3}\n"
    ".fill{fill:currentColor}\n"
    ".number{fill:currentColor;stroke:#fff;stroke-width:3;paint-order:stroke}\n"
    ".dash1{stroke-dasharray:8 4}\n"
    ".dash2{stroke-dasharray:2 3}\n"
    ".dash3{stroke-dasharray:8 3 2 3}\n"
    ".dash4{stroke-dasharray:5 2}\n"
    ".dash5{stroke-dasharray:12 3}\n"
    ".dash6{stroke-dasharray:4 4}\n"
    ".dash7{stroke-dasharray:8 3 2 3 2 3}\n"
    ".dash8{stroke-dasharray:14 4 2 4}\n"
    ".dash9{stroke-dasharray:3 5}\n"
    ".dash10{stroke-dasharray:10 2 4 2}\n";

static const char dark[] = "text{fill:#e6edf3}\n"
                           ".muted{fill:#9da7b1}\n"
                           ".ground{fill:#0d1117}\n"
                           ".grid{stroke:#272d36}\n"
                           ".axis{stroke:#9da7b1}\n"
                           ".threshold{stroke:#ff7b72}\n"
                           ".warn{fill:#ff7b72}\n"
                           ".key{color:#9da7b1}\n"
                           ".mark{stroke:#0d1117}\n"
                           ".number{stroke:#0d1117}\n";

void svg_style(FILE *to)
{
    fprintf(to, "<style>\n%s", common);
    for (int i = 0; i < SVG_RUNS_MOST; i++)
        fprintf(to, ".run%d{color:%s}\n", i, run_colours[i].light);
    fprintf(to, "@media (prefers-color-scheme:dark){\n%s", dark);
    for (int i = 0; i < SVG_RUNS_MOST; i++)
        fprintf(to, ".run%d{color:%s}\n", i, run_colours[i].dark);
    fputs("}\n</style>\n", to);
}

void svg_begin(FILE *to, int height, const char *title)
{
    fprintf(to,
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
            "role=\"img\">\n"
            "<title>%s</title>\n",
            SVG_WIDTH, height, SVG_WIDTH, height, title);
    svg_style(to);
    fprintf(to, "<rect class=\"ground\" width=\"%d\" height=\"%d\"/>\n", SVG_WIDTH, height);
}
