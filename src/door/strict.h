/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What libhttp-parser lets pass, and the door does not. */
#ifndef MVM_DOOR_STRICT_H
#define MVM_DOOR_STRICT_H

#include <http_parser.h>
#include <string.h>

/* For http_parser_settings.on_header_field: no spaces in names. */
static inline int strict_header_field(http_parser *parser, const char *at, size_t length)
{
    (void)parser;
    return memchr(at, ' ', length) ? 1 : 0;
}

#endif
