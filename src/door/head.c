/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "door/head.h"

#include "door/strict.h"

#include <string.h>
#include <strings.h>

/* What is not whole is parsed once it has this many bytes, and again when they have doubled: so that what can
 * never become a request is refused early, and bytes that come one by one do not cost their square. */
enum { LOOK_FIRST = 16 };

/* What the callbacks find out. */
struct look {
    const char *bytes;
    struct head *head;
    bool has_target, whole, body;
};

static int on_target(http_parser *parser, const char *at, size_t length)
{
    struct look *look = parser->data;

    if (!look->has_target)
        look->head->target = (size_t)(at - look->bytes);
    look->has_target = true;
    look->head->target_length += length;
    return 0;
}

static int on_headers_complete(http_parser *parser)
{
    struct look *look = parser->data;

    look->whole = true;
    look->body = parser->flags & F_CHUNKED || parser->uses_transfer_encoding ||
                 (parser->flags & F_CONTENTLENGTH && parser->content_length > 0);
    look->head->is_head = parser->method == HTTP_HEAD;
    look->head->is_safe = parser->method == HTTP_HEAD || parser->method == HTTP_GET;
    look->head->keep_alive =
        parser->http_major == 1 && parser->http_minor >= 1 && !(parser->flags & F_CONNECTION_CLOSE);
    http_parser_pause(parser, 1);
    return 0;
}

static const http_parser_settings settings = {
    .on_url = on_target, .on_header_field = strict_header_field, .on_headers_complete = on_headers_complete};

/* One past the empty line that ends the head, for a reader that takes no notice of CR; 0: it is not there. */
static size_t find_end(const char *bytes, size_t start, size_t count, size_t *scanned)
{
    size_t at = *scanned > start ? *scanned : start;

    for (;;) {
        const char *feed = memchr(bytes + at, '\n', count - at);

        if (!feed) {
            *scanned = count;
            return 0;
        }
        size_t next = (size_t)(feed - bytes) + 1;

        while (next < count && bytes[next] == '\r')
            next++;
        if (next == count) {
            *scanned = (size_t)(feed - bytes);
            return 0;
        }
        if (bytes[next] == '\n')
            return next + 1;
        at = next;
    }
}

/* The request line as the standard has it, METHOD SP TARGET SP HTTP/1.x CR LF: the library lets more pass. */
static bool line_is_strict(const char *bytes, const struct head *head, const http_parser *parser)
{
    const char *method = http_method_str((enum http_method)parser->method);
    size_t length = strlen(method), after = head->target + head->target_length;

    return parser->http_major == 1 && parser->http_minor <= 1 && head->target == head->start + length + 1 &&
           head->end - after >= 11 && memcmp(bytes + after, " HTTP/1.", 8) == 0 &&
           (bytes[after + 9] == '\r' || bytes[after + 9] == '\n');
}

static int parse(const char *bytes, size_t count, struct head *head)
{
    struct look look = {.bytes = bytes, .head = head};
    http_parser parser;

    http_parser_init(&parser, HTTP_REQUEST);
    parser.data = &look;
    size_t parsed = http_parser_execute(&parser, &settings, bytes + head->start, count - head->start);

    if (!look.whole)
        return HTTP_PARSER_ERRNO(&parser) == HPE_OK && head->end == 0 ? HEAD_PARTIAL : 400;
    /* The library rests at the last byte of the head, for which it takes CR as well: the VM would not. */
    if (head->start + parsed + 1 != head->end || !line_is_strict(bytes, head, &parser))
        return 400;
    return look.body || parser.method == HTTP_CONNECT ? 501 : 0;
}

int head_parse(const char *bytes, size_t count, size_t most, struct head_progress *progress,
               struct head *ret_head)
{
    struct head head = {.start = 0};
    while (head.start < count && (bytes[head.start] == '\r' || bytes[head.start] == '\n'))
        head.start++;
    if (head.start > most)
        return 400;
    if (head.start == count)
        return HEAD_PARTIAL;
    head.end = find_end(bytes, head.start, count, &progress->scanned);
    if (head.end ? head.end > most : count > most)
        return 431;
    if (head.end == 0 && (count < LOOK_FIRST || count / 2 < progress->parsed))
        return HEAD_PARTIAL;
    progress->parsed = count;
    int status = parse(bytes, head.end ? head.end : count, &head);

    if (status == 0)
        *ret_head = head;
    return status;
}

/* Where the path begins in a target that may be of the form http://HOST/PATH. */
static size_t path_of(const char *target, size_t length)
{
    static const char scheme[] = "http://";
    size_t at = sizeof(scheme) - 1;

    if (length <= at || strncasecmp(target, scheme, at) != 0)
        return 0;
    while (at < length && target[at] != '/' && target[at] != '?')
        at++;
    return at;
}

bool head_vm(const char *bytes, const struct head *head, uint64_t *ret_vm, size_t *ret_cut, bool *ret_slash)
{
    static const char prefix[] = "/vm/";
    const char *target = bytes + head->target;
    size_t length = head->target_length, at = path_of(target, length), digits;
    uint64_t vm = 0;

    if (length - at < sizeof(prefix) || memcmp(target + at, prefix, sizeof(prefix) - 1) != 0)
        return false;
    at += sizeof(prefix) - 1;
    digits = at;
    for (; at < length && target[at] >= '0' && target[at] <= '9'; at++) {
        if (vm > (UINT64_MAX - 9) / 10)
            return false;
        vm = vm * 10 + (uint64_t)(target[at] - '0');
    }
    if (at == digits || (at < length && target[at] != '/' && target[at] != '?'))
        return false;
    *ret_vm = vm;
    *ret_cut = at;
    *ret_slash = at == length || target[at] == '?';
    return true;
}

size_t head_write(char *to, const char *bytes, const struct head *head, size_t cut, bool slash)
{
    size_t before = head->target - head->start, rest = head->target + cut;

    memcpy(to, bytes + head->start, before);
    if (slash)
        to[before++] = '/';
    memcpy(to + before, bytes + rest, head->end - rest);
    return before + head->end - rest;
}
