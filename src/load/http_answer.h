/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An HTTP response as it comes in pieces: where it ends, and whether it is the right one. */
#ifndef MVM_LOAD_HTTP_ANSWER_H
#define MVM_LOAD_HTTP_ANSWER_H

#include "load/way.h"

#include <http_parser.h>
#include <stdbool.h>

/* The right answer has the status 200 and this body; NULL: any body that is whole. */
struct http_expected {
    const char *body;
    size_t length;
};

struct http_answer {
    http_parser parser;
    const struct http_expected *expected;
    size_t body_length;
    unsigned status; /* 0 until the headers are there */
    bool whole;      /* it is there to its end */
    bool bad;        /* it is not HTTP */
    bool extra;      /* bytes came behind its end */
    bool differs;    /* the body is not the one expected, as far as it is there */
    bool stays;      /* the connection may be used again; known when it is whole */
};

/* `expected` outlives it. */
void http_answer_begin(struct http_answer *answer, const struct http_expected *expected);

/* Takes what comes next. To be called until `whole` or `bad`. */
void http_answer_take(struct http_answer *answer, const char *bytes, size_t count);

/* The connection was closed: what has no length ends with it. */
void http_answer_close(struct http_answer *answer);

/* LOAD_RESET while it is neither whole nor bad. */
enum load_outcome http_answer_judge(const struct http_answer *answer);

#endif
