/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a VM's HTTP answer ends. What a VM says is not trusted: an answer that is no HTTP, or whose end
 * cannot be told, is told apart from a right one. The parser is libhttp-parser's. */
#ifndef MVM_DOOR_FRAMING_H
#define MVM_DOOR_FRAMING_H

#include <http_parser.h>
#include <stdbool.h>
#include <stddef.h>

struct framing {
    http_parser parser;
    size_t begins;  /* where the present head does */
    size_t taken;   /* bytes that were looked at */
    bool is_head;   /* the answer to HEAD, which has no body */
    bool whole;     /* the final answer (not 1xx) is complete; `taken` is one past its last byte */
    bool broken;    /* it is no HTTP, or it switches protocols */
    bool head_ends; /* its own */
    bool closes;    /* the VM said that it was the last on this connection */
};

void framing_begin(struct framing *framing, bool is_head);

/* Takes what came since the last call: `count` is all until now. True: it is whole or broken. */
bool framing_take(struct framing *framing, const char *answer, size_t count);

#endif
