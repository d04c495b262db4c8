/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "door/framing.h"

#include "door/strict.h"

#include <string.h>

static int on_headers_complete(http_parser *parser)
{
    struct framing *framing = parser->data;

    framing->head_ends = true;
    http_parser_pause(parser, 1);
    /* These have no body, whatever their headers say (RFC 9112, section 6.3). */
    return framing->is_head || parser->status_code < 200 || parser->status_code == HTTP_STATUS_NO_CONTENT ||
                   parser->status_code == HTTP_STATUS_NOT_MODIFIED
               ? 1
               : 0;
}

static int on_message_complete(http_parser *parser)
{
    struct framing *framing = parser->data;

    if (parser->status_code == HTTP_STATUS_SWITCHING_PROTOCOLS || parser->upgrade)
        return 1;
    /* 1xx comes before the answer proper. */
    if (parser->status_code < 200)
        return 0;
    framing->whole = true;
    /* Where chunks end is not read alike by all clients: nothing follows them on a connection. */
    framing->closes = !http_should_keep_alive(parser) || parser->flags & F_CHUNKED;
    http_parser_pause(parser, 1);
    return 0;
}

static const http_parser_settings settings = {.on_header_field = strict_header_field,
                                              .on_headers_complete = on_headers_complete,
                                              .on_message_complete = on_message_complete};

void framing_begin(struct framing *framing, bool is_head)
{
    *framing = (struct framing){.is_head = is_head};
    http_parser_init(&framing->parser, HTTP_RESPONSE);
}

/* The status line is as the standard has it, and CR stands before LF only: the library lets more pass, which
 * clients do not read alike. `head` ends with its last LF. */
static bool head_is_strict(const char *head, size_t count)
{
    static const char version[] = "HTTP/1.";
    size_t at = sizeof(version) - 1;
    const char *end = head + count;

    if (count < at + 6 || memcmp(head, version, at) != 0 || head[at] < '0' || head[at] > '1' ||
        head[at + 1] != ' ' || head[at + 2] < '1' || head[at + 2] > '9')
        return false;
    if (head[at + 5] != ' ' && head[at + 5] != '\r' && head[at + 5] != '\n')
        return false;
    for (; (head = memchr(head, '\r', (size_t)(end - head))); head++)
        if (head[1] != '\n')
            return false;
    return true;
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
        if (answer[framing->taken] != '\n' ||
            !head_is_strict(answer + framing->begins, framing->taken + 1 - framing->begins)) {
            framing->broken = true;
            return true;
        }
        framing->begins = framing->taken + 1; /* of what follows an answer of 1xx */
    }
    framing->broken = !framing->whole && HTTP_PARSER_ERRNO(&framing->parser) != HPE_OK;
    return framing->whole || framing->broken;
}
