/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/trace_json.h"

#include "result/json.h"

#include <stdbool.h>
#include <string.h>

enum { LINE_ROOM = 256 };

/* "0000:7C2A  BA FC 03               mov dx, 0x3fc" */
static json_t *instruction(const char *line)
{
    char segment[9], offset[9], bytes[64];
    size_t used = 0;
    int at = 0;

    if (sscanf(line, "%8[0-9A-F]:%8[0-9A-F]  %n", segment, offset, &at) != 2 || at == 0)
        return NULL;
    const char *rest = line + at;

    while (used + 2 < sizeof(bytes) && strspn(rest, "0123456789ABCDEF") == 2 && rest[2] == ' ') {
        bytes[used++] = rest[0];
        bytes[used++] = rest[1];
        rest += 3;
    }
    bytes[used] = '\0';
    rest += strspn(rest, " ");
    json_t *object =
        json_pack("{s:s, s:o}", "event", "instruction", "address", json_sprintf("%s:%s", segment, offset));

    json_object_set_new(object, "bytes", json_string(bytes));
    json_object_set_new(object, "text", result_json_text(rest));
    return object;
}

/* "           in  03FC -> 0B", "           interrupt 0C" */
static json_t *event(const char *line)
{
    unsigned port, value, vector;

    if (sscanf(line, " in %x -> %x", &port, &value) == 2)
        return json_pack("{s:s, s:I, s:I}", "event", "in", "port", (json_int_t)port, "value",
                         (json_int_t)value);
    if (sscanf(line, " out %x <- %x", &port, &value) == 2)
        return json_pack("{s:s, s:I, s:I}", "event", "out", "port", (json_int_t)port, "value",
                         (json_int_t)value);
    if (sscanf(line, " interrupt %x", &vector) == 1)
        return json_pack("{s:s, s:I}", "event", "interrupt", "vector", (json_int_t)vector);
    return json_pack("{s:s, s:o}", "event", "other", "text", result_json_text(line));
}

void trace_print_json(const char *lines, FILE *to)
{
    char line[LINE_ROOM];

    while (*lines) {
        size_t length = strcspn(lines, "\n");

        snprintf(line, sizeof(line), "%.*s", (int)length, lines);
        json_t *object = line[0] == ' ' ? NULL : instruction(line);

        if (!object)
            object = event(line);
        json_dumpf(object, to, JSON_COMPACT);
        fputc('\n', to);
        json_decref(object);
        lines += length;
        lines += *lines == '\n';
    }
}
