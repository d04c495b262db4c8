/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "web/request.h"

#include <http_parser.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct kept {
    const char *name;
    size_t offset, room;
};

#define KEPT(header, member)                                                                                 \
    {                                                                                                        \
        header, offsetof(struct request, member), sizeof(((struct request *)NULL)->member)                   \
    }

static const struct kept kept_headers[] = {
    KEPT("host", host),
    KEPT("origin", origin),
    KEPT("accept", accept),
    KEPT("authorization", authorization),
    KEPT("sec-fetch-site", fetch_site),
    KEPT("x-mvm-page", page),
};

enum { KEPT_COUNT = sizeof(kept_headers) / sizeof(kept_headers[0]) };

/* What the callbacks find out; the library hands names and values over in pieces. */
struct look {
    struct request *request;
    char name[32];
    size_t name_length;
    bool in_value;
    int header; /* in kept_headers; -1: another one */
    bool seen[KEPT_COUNT];
    bool host_seen;
};

static void append(char *to, size_t room, const char *from, size_t length, bool *too_long)
{
    size_t has = strlen(to);

    if (memchr(from, '\0', length) || length >= room - has) {
        *too_long = true;
        return;
    }
    memcpy(to + has, from, length);
    to[has + length] = '\0';
}

static int on_field(http_parser *parser, const char *at, size_t length)
{
    struct look *look = parser->data;

    if (look->in_value)
        look->name_length = 0;
    look->in_value = false;
    for (size_t i = 0; i < length; i++, look->name_length++)
        if (look->name_length < sizeof(look->name) - 1)
            look->name[look->name_length] = at[i];
    return 0;
}

static void begin_value(struct look *look)
{
    look->in_value = true;
    look->header = -1;
    look->name[look->name_length < sizeof(look->name) ? look->name_length : sizeof(look->name) - 1] = '\0';
    for (int i = 0; i < KEPT_COUNT; i++)
        if (look->name_length == strlen(kept_headers[i].name) &&
            strcasecmp(look->name, kept_headers[i].name) == 0)
            look->header = i;
    if (look->header < 0)
        return;
    look->request->repeated = look->request->repeated || look->seen[look->header];
    look->seen[look->header] = true;
}

static int on_value(http_parser *parser, const char *at, size_t length)
{
    struct look *look = parser->data;

    if (!look->in_value)
        begin_value(look);
    if (look->header >= 0) {
        const struct kept *kept = &kept_headers[look->header];

        append((char *)look->request + kept->offset, kept->room, at, length, &look->request->too_long);
    }
    return 0;
}

static int on_headers_complete(http_parser *parser)
{
    http_parser_pause(parser, 1);
    return 0;
}

static const http_parser_settings settings = {
    .on_header_field = on_field, .on_header_value = on_value, .on_headers_complete = on_headers_complete};

static void read_target(const char *target, size_t length, struct request *request)
{
    const char *mark = memchr(target, '?', length);
    size_t path = mark ? (size_t)(mark - target) : length;

    append(request->path, sizeof(request->path), target, path, &request->too_long);
    if (mark)
        append(request->query, sizeof(request->query), mark + 1, length - path - 1, &request->too_long);
}

int request_read(const char *bytes, const struct head *head, struct request *ret_request)
{
    struct request request = {.is_head = head->is_head, .keep_alive = head->keep_alive};
    struct look look = {.request = &request, .in_value = true, .header = -1};
    http_parser parser;

    if (!head->is_safe)
        return 405;
    if (head->target_length == 0 || bytes[head->target] != '/')
        return 400;
    http_parser_init(&parser, HTTP_REQUEST);
    parser.data = &look;
    http_parser_execute(&parser, &settings, bytes + head->start, head->end - head->start);
    read_target(bytes + head->target, head->target_length, &request);
    *ret_request = request;
    return 0;
}

/* The query's word `name`, up to '&'; *ret_value is what follows its '=', or NULL without one. */
static bool find_word(const struct request *request, const char *name, const char **ret_value,
                      size_t *ret_length)
{
    const char *word = request->query;

    for (;;) {
        size_t length = strcspn(word, "&"), key = strcspn(word, "=&");

        if (key == strlen(name) && memcmp(word, name, key) == 0) {
            *ret_value = key < length ? word + key + 1 : NULL;
            *ret_length = key < length ? length - key - 1 : 0;
            return true;
        }
        if (word[length] == '\0')
            return false;
        word += length + 1;
    }
}

bool request_has(const struct request *request, const char *name)
{
    const char *value;
    size_t length;

    return find_word(request, name, &value, &length);
}

bool request_number(const struct request *request, const char *name, uint64_t *ret_number)
{
    const char *value;
    size_t length;
    uint64_t number = 0;

    if (!find_word(request, name, &value, &length) || length == 0 || length > 18)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (value[i] < '0' || value[i] > '9')
            return false;
        number = number * 10 + (uint64_t)(value[i] - '0');
    }
    *ret_number = number;
    return true;
}

/* The weight of a media range's parameters, in thousandths: RFC 9110, 12.4.2. */
static int weight(const char *parameters, size_t length)
{
    for (size_t i = 0; i + 2 < length; i++) {
        if ((parameters[i] != ';' && parameters[i] != ' ') || (parameters[i + 1] | 0x20) != 'q' ||
            parameters[i + 2] != '=')
            continue;
        double value = strtod(parameters + i + 3, NULL);

        return value >= 0 && value <= 1 ? (int)(value * 1000 + 0.5) : 0;
    }
    return 1000;
}

/* The highest weight at which a media type is named, 0: never. */
static int accepted(const char *accept, const char *type)
{
    int best = 0;

    for (const char *range = accept; *range;) {
        size_t length = strcspn(range, ","), skip = strspn(range, " \t");
        size_t name = skip > length ? 0 : strcspn(range + skip, "; \t,");

        if (name == strlen(type) && strncasecmp(range + skip, type, name) == 0) {
            int found = weight(range + skip + name, length - skip - name);

            best = found > best ? found : best;
        }
        range += length + (range[length] == ',');
    }
    return best;
}

bool request_takes_openmetrics(const struct request *request)
{
    int wanted = accepted(request->accept, "application/openmetrics-text");

    return wanted > 0 && wanted >= accepted(request->accept, "text/plain");
}
