/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Settings of the guest `web`: a word, the work in milliseconds; then for each route a byte with the length
 * of the path, the path, a byte with the length of the content, the content; then a byte 0.
 */
#include "base/clock.h"
#include "base/reason.h"
#include "guest/settings.h"
#include "guest/web.h"
#include "guests_embedded.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORK_LENGTH = 2, END_LENGTH = 1, ROUTE_OVERHEAD = 2, WORK_MOST_MS = UINT16_MAX };

/* A route in the table, or on the command line. */
struct route {
    const char *path;
    size_t path_length;
    const char *content;
    size_t content_length;
};

/* Reads the route at `*at`, if a whole one is there before `end`, and moves on behind it. */
static bool table_next(const uint8_t **at, const uint8_t *end, struct route *ret_route)
{
    const uint8_t *here = *at;
    struct route route;

    if (end - here < 1 || here[0] == 0)
        return false;
    route.path_length = *here++;
    if ((size_t)(end - here) < route.path_length + 1)
        return false;
    route.path = (const char *)here;
    here += route.path_length;
    route.content_length = *here++;
    if ((size_t)(end - here) < route.content_length)
        return false;
    route.content = (const char *)here;
    *at = here + route.content_length;
    *ret_route = route;
    return true;
}

static int parse_work(const char *text, uint16_t *ret_ms, struct reason *reason)
{
    uint64_t ms, ns;
    bool whole;

    if (parse_count(text, &ms) == 0) {
        whole = true;
    } else {
        whole = parse_duration(text, &ns) == 0 && text[strspn(text, "0123456789.")] &&
                ns % NS_PER_MILLISECOND == 0;
        ms = whole ? ns / NS_PER_MILLISECOND : 0;
    }
    if (!whole || ms > WORK_MOST_MS)
        return reason_set(
            reason, EINVAL,
            "--work takes a whole number of milliseconds from 0 to %d, such as 10 or 10ms, not '%s'",
            WORK_MOST_MS, text);
    *ret_ms = (uint16_t)ms;
    return 0;
}

static int parse_route(const char *text, struct route *ret_route, struct reason *reason)
{
    const char *equals = strchr(text, '=');

    if (text[0] != '/')
        return reason_set(reason, EINVAL, "--route takes /PATH=CONTENT, and '%s' does not begin with '/'",
                          text);
    if (!equals)
        return reason_set(reason, EINVAL, "--route takes /PATH=CONTENT, and '%s' has no '='", text);
    for (const char *at = text; at < equals; at++)
        if (*at <= ' ' || *at > '~' || *at == '?' || *at == '#')
            return reason_set(reason, EINVAL,
                              "the path of --route '%s' has a character that no request has in its path; "
                              "write it as %%XX",
                              text);
    *ret_route = (struct route){
        .path = text,
        .path_length = (size_t)(equals - text),
        .content = equals + 1,
        .content_length = strlen(equals + 1),
    };
    return 0;
}

static int check_routes(const struct option_list *routes, size_t room, struct reason *reason)
{
    size_t needed = END_LENGTH;

    for (size_t i = 0; i < routes->count; i++) {
        struct route route, other;
        int error = parse_route(routes->items[i], &route, reason);

        if (error)
            return error;
        needed += ROUTE_OVERHEAD + route.path_length + route.content_length;
        for (size_t j = 0; j < i; j++) {
            parse_route(routes->items[j], &other, NULL);
            if (route.path_length == other.path_length &&
                memcmp(route.path, other.path, route.path_length) == 0)
                return reason_set(reason, EINVAL, "--route gives the path %.*s twice", (int)route.path_length,
                                  route.path);
        }
    }
    if (needed > room)
        return reason_set(reason, EINVAL,
                          "the routes need %zu bytes and the image has room for %zu: %zu are missing", needed,
                          room, needed - room);
    return 0;
}

static void lay_routes(uint8_t *at, size_t room, const struct option_list *routes)
{
    memset(at, 0, room);
    for (size_t i = 0; i < routes->count; i++) {
        struct route route;

        parse_route(routes->items[i], &route, NULL);
        *at++ = (uint8_t)route.path_length;
        memcpy(at, route.path, route.path_length);
        at += route.path_length;
        *at++ = (uint8_t)route.content_length;
        memcpy(at, route.content, route.content_length);
        at += route.content_length;
    }
}

int web_apply(uint8_t bytes[IMAGE_SIZE], const struct guest_settings *settings, struct reason *reason)
{
    uint16_t work_ms = 0;
    int error = settings->work ? parse_work(settings->work, &work_ms, reason) : 0;

    if (error)
        return error;

    const uint8_t *base = work_ms > 0 ? embedded_web_work : embedded_web;
    struct image_settings block = image_settings(base);
    size_t room = block.room - WORK_LENGTH;

    error = settings->routes.count > 0 ? check_routes(&settings->routes, room, reason) : 0;
    if (error)
        return error;
    memcpy(bytes, base, IMAGE_SIZE);
    settings_set_word(bytes + block.offset, work_ms);
    if (settings->routes.count > 0)
        lay_routes(bytes + block.offset + WORK_LENGTH, room, &settings->routes);
    return 0;
}

static void write_text(FILE *to, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c < ' ' || c > '~' || c == '\\')
            fprintf(to, "\\x%02x", c);
        else
            fputc(c, to);
    }
}

char *web_describe(const uint8_t bytes[IMAGE_SIZE])
{
    struct image_settings block = image_settings(bytes);
    char *text = NULL;
    size_t length;
    FILE *to = open_memstream(&text, &length);

    if (!to)
        return NULL;
    if (block.room >= WORK_LENGTH) {
        const uint8_t *at = bytes + block.offset + WORK_LENGTH;
        struct route route;

        if (settings_word(bytes + block.offset) > 0)
            fprintf(to, "work %u\n", settings_word(bytes + block.offset));
        while (table_next(&at, bytes + block.offset + block.room, &route)) {
            fputs("route ", to);
            write_text(to, route.path, route.path_length);
            fputc('=', to);
            write_text(to, route.content, route.content_length);
            fputc('\n', to);
        }
    }
    if (fclose(to) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

size_t web_settings_used(const uint8_t bytes[IMAGE_SIZE])
{
    struct image_settings block = image_settings(bytes);

    if (block.room < WORK_LENGTH + END_LENGTH)
        return block.room;

    const uint8_t *at = bytes + block.offset + WORK_LENGTH;
    const uint8_t *end = bytes + block.offset + block.room;
    struct route route;

    while (table_next(&at, end, &route))
        ;
    if (at == end)
        return block.room;
    return (size_t)(at - (bytes + block.offset)) + END_LENGTH;
}

bool image_is_web(const struct image *image)
{
    return image->ours && strcmp(image->guest, "web") == 0;
}

bool web_content(const struct image *image, const char *path, const char **ret_content, size_t *ret_length)
{
    struct image_settings block = image_settings(image->bytes);
    size_t length = strcspn(path, "?");
    struct route route;

    if (!image_is_web(image) || block.room < WORK_LENGTH)
        return false;
    const uint8_t *at = image->bytes + block.offset + WORK_LENGTH;

    while (table_next(&at, image->bytes + block.offset + block.room, &route)) {
        if (route.path_length != length || memcmp(route.path, path, length) != 0)
            continue;
        *ret_content = route.content;
        *ret_length = route.content_length;
        return true;
    }
    return false;
}
