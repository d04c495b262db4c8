/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "report/svg.h"
#include "report/text.h"
#include "result/number.h"
#include "result/utf8.h"

#include <string.h>

const char *svg_number(double number, char text[64])
{
    number_fixed(number, 2, text);
    /* "12.50" -> "12.5", "12.00" -> "12" */
    char *end = text + strlen(text);
    if (strchr(text, '.') && !strchr(text, 'e')) {
        while (end[-1] == '0')
            *--end = '\0';
        if (end[-1] == '.')
            *--end = '\0';
    }
    return text;
}

void svg_escape(const char *text, FILE *to)
{
    char clean[SVG_TEXT_ROOM];
    text_clean(text, clean, sizeof(clean));
    for (const char *at = clean; *at; at++) {
        static const char special[] = "&<>\"'";
        static const char *const names[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
        const char *found = strchr(special, *at);
        /* U+FFFE and U+FFFF are UTF-8 but no XML characters. */
        if (strncmp(at, "\xef\xbf\xbe", 3) == 0 || strncmp(at, "\xef\xbf\xbf", 3) == 0) {
            fputc('?', to);
            at += 2;
        } else if (found) {
            fputs(names[found - special], to);
        } else {
            fputc(*at, to);
        }
    }
}

void svg_text(FILE *to, double x, double y, const char *class, const char *text)
{
    char a[64], b[64];
    fprintf(to, "<text x=\"%s\" y=\"%s\"%s%s%s>", svg_number(x, a), svg_number(y, b),
            class ? " class=\"" : "", class ? class : "", class ? "\"" : "");
    svg_escape(text, to);
    fputs("</text>\n", to);
}

void svg_line(FILE *to, double x1, double y1, double x2, double y2, const char *class)
{
    char a[64], b[64], c[64], d[64];
    fprintf(to, "<line x1=\"%s\" y1=\"%s\" x2=\"%s\" y2=\"%s\" class=\"%s\"/>\n", svg_number(x1, a),
            svg_number(y1, b), svg_number(x2, c), svg_number(y2, d), class);
}

/* Width of the character that begins at `at`, in hundredths of an em. */
static unsigned character_width(const char *at)
{
    /* Advance widths of DejaVu Sans from U+0020 to U+007E, rounded up. */
    static const unsigned char widths[] = {
        32, 41, 46, 84, 64, 96, 78, 28, 40,  40, 50, 84, 32, 37, 32, 34, 64, 64, 64, 64, 64, 64, 64, 64,
        64, 64, 34, 34, 84, 84, 84, 54, 100, 69, 69, 70, 78, 64, 58, 78, 76, 30, 30, 66, 56, 87, 75, 79,
        61, 79, 70, 64, 62, 74, 69, 99, 69,  62, 69, 40, 34, 40, 84, 50, 50, 62, 64, 55, 64, 62, 36, 64,
        64, 28, 28, 58, 28, 98, 64, 62, 64,  64, 42, 53, 40, 64, 60, 82, 60, 60, 53, 64, 34, 64, 84,
    };
    unsigned char first = (unsigned char)*at;
    if (first >= ' ' && first - ' ' < (int)sizeof(widths))
        return widths[first - ' '];
    if (first == 0xc2) /* U+0080 to U+00BF: the middle dot, the plus-minus sign */
        return 84;
    return first >= 0xe1 ? 105 : 85; /* from U+1000 on East Asian and the like */
}

double svg_text_width(const char *text, double font_size)
{
    unsigned width = 0;
    for (; *text; text++)
        if (((unsigned char)*text & 0xc0) != 0x80)
            width += character_width(text);
    return width * font_size / 100;
}

const char *svg_fit(const char *text, double font_size, double width, char ret_text[SVG_TEXT_ROOM])
{
    text_clean(text, ret_text, SVG_TEXT_ROOM - 4);
    bool cut = strlen(text) > strlen(ret_text);
    if (!cut && svg_text_width(ret_text, font_size) <= width)
        return ret_text;
    size_t length = strlen(ret_text);
    while (length > 0 && svg_text_width(ret_text, font_size) > width - 1.05 * font_size) {
        do
            length--;
        while (length > 0 && ((unsigned char)ret_text[length] & 0xc0) == 0x80);
        ret_text[length] = '\0';
    }
    while (length > 0 && ret_text[length - 1] == ' ')
        ret_text[--length] = '\0';
    memcpy(ret_text + length, "…", sizeof("…"));
    return ret_text;
}

int svg_wrap(FILE *to, double x, double y, double width, int lines, const char *class, const char *text)
{
    char rest[8 * SVG_TEXT_ROOM], line[SVG_TEXT_ROOM];
    text_clean(text, rest, sizeof(rest));
    const char *from = rest;
    for (int drawn = 0; drawn < lines; drawn++) {
        from += strspn(from, " ");
        if (!*from)
            return drawn;
        /* As many words as fit; the last line takes the rest and is cut. */
        size_t length = 0;
        for (size_t end = 0; drawn + 1 < lines;) {
            end += strspn(from + end, " ");
            end += strcspn(from + end, " ");
            if (end >= sizeof(line))
                break;
            memcpy(line, from, end);
            line[end] = '\0';
            if (svg_text_width(line, SVG_FONT) > width)
                break;
            length = end;
            if (!from[end])
                break;
        }
        if (length == 0) { /* one word wider than a line, or the last line */
            svg_text(to, x, y + drawn * SVG_LINE, class, svg_fit(from, SVG_FONT, width, line));
            return drawn + 1;
        }
        memcpy(line, from, length);
        line[length] = '\0';
        svg_text(to, x, y + drawn * SVG_LINE, class, line);
        from += length;
    }
    return lines;
}
