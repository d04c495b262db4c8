/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "load/http_answer.h"

#include <string.h>

static struct http_answer *of(http_parser *parser)
{
    return parser->data;
}

/* An informational response is followed by the real one. */
static bool is_informational(const http_parser *parser)
{
    return parser->status_code < 200 && parser->status_code != 101;
}

static int on_headers(http_parser *parser)
{
    if (!is_informational(parser))
        of(parser)->status = parser->status_code;
    return 0;
}

static int on_body(http_parser *parser, const char *bytes, size_t count)
{
    struct http_answer *answer = of(parser);
    const struct http_expected *expected = answer->expected;

    if (expected->body && !answer->differs)
        answer->differs = count > expected->length - answer->body_length ||
                          memcmp(bytes, expected->body + answer->body_length, count) != 0;
    answer->body_length += count;
    return 0;
}

static int on_end(http_parser *parser)
{
    struct http_answer *answer = of(parser);

    if (is_informational(parser))
        return 0;
    answer->whole = true;
    answer->stays = http_should_keep_alive(parser);
    /* What follows is no part of it. */
    http_parser_pause(parser, 1);
    return 0;
}

static const http_parser_settings settings = {
    .on_headers_complete = on_headers,
    .on_body = on_body,
    .on_message_complete = on_end,
};

void http_answer_begin(struct http_answer *answer, const struct http_expected *expected)
{
    *answer = (struct http_answer){.expected = expected};
    http_parser_init(&answer->parser, HTTP_RESPONSE);
    answer->parser.data = answer;
}

void http_answer_take(struct http_answer *answer, const char *bytes, size_t count)
{
    if (count == 0 || answer->whole || answer->bad)
        return;
    size_t taken = http_parser_execute(&answer->parser, &settings, bytes, count);

    if (answer->whole)
        answer->extra = taken < count;
    else
        answer->bad = HTTP_PARSER_ERRNO(&answer->parser) != HPE_OK || answer->parser.upgrade;
}

void http_answer_close(struct http_answer *answer)
{
    if (!answer->whole && !answer->bad)
        http_parser_execute(&answer->parser, &settings, NULL, 0);
    answer->stays = false;
}

enum load_outcome http_answer_judge(const struct http_answer *answer)
{
    if (answer->bad)
        return LOAD_NOT_HTTP;
    if (!answer->whole)
        return LOAD_RESET;
    if (answer->status != 200)
        return LOAD_STATUS;
    return answer->expected->body && (answer->differs || answer->body_length != answer->expected->length)
               ? LOAD_WRONG
               : LOAD_RIGHT;
}
