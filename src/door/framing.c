/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "door/framing.h"

#include <string.h>

/* The library lets spaces pass in names. */
static int on_header_field(http_parser *parser, const char *at, size_t length)
{
    (void)parser;
    return memchr(at, ' ', length) ? 1 : 0;
}

static int on_headers_complete(http_parser *parser)
{
    struct framing *framing = parser->data;

    framing->head_ends = true;
    http_parser_pause(parser, 1);
    return framing->is_head ? 1 : 0;
}

static int on_message_complete(http_parser *parser)
{
    struct framing *framing = parser->data;

    if (parser->status_code == HTTP_STATUS_SWITCHING_PROTOCOLS || parser->upgrade)
        return 1;
    /* 1xx comes before the answer proper. */
    if (parser->status_code >= 100 && parser->status_code < 200)
        return 0;
    framing->whole = true;
    /* Where chunks end is not read alike by all clients: nothing follows them on a connection. */
    framing->closes = !http_should_keep_alive(parser) || parser->flags & F_CHUNKED;
    http_parser_pause(parser, 1);
    return 0;
}

static const http_parser_settings settings = {.on_header_field = on_header_field,
                                              .on_headers_complete = on_headers_complete,
                                              .on_message_complete = on_message_complete};

void framing_begin(struct framing *framing, bool is_head)
{
    *framing = (struct framing){.is_head = is_head};
    http_parser_init(&framing->parser, HTTP_RESPONSE);
}

bool framing_take(struct framing *framing, const char *answer, size_t count)
{
    if (framing->whole || framing->broken)
        return true;
    framing->parser.data = framing;
    for (;;) {
        framing->taken +=
            http_parser_execute(&framing->parser, &settings, answer + framing->taken, count - framing->taken);
        if (!framing->head_ends)
            break;
        /* The parser rests at the last byte of a head, for which the library takes CR as well. */
        framing->head_ends = false;
        http_parser_pause(&framing->parser, 0);
        if (answer[framing->taken] != '\n') {
            framing->broken = true;
            return true;
        }
    }
    framing->broken = !framing->whole && HTTP_PARSER_ERRNO(&framing->parser) != HPE_OK;
    return framing->whole || framing->broken;
}
