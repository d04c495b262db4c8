/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MVM_CMD_TRACE_JSON_H
#define MVM_CMD_TRACE_JSON_H

#include <stdio.h>

/*
 * Prints the whole lines of a trace as objects of JSON, a line each: {"event": "instruction", "address":
 * "0000:7C2A", "bytes": "BAFC03", "text": "mov dx, 0x3fc"}, {"event": "in" or "out", "port": 1021, "value":
 * 11}, {"event": "interrupt", "vector": 12}. A line that is none of these is {"event": "other", "text"}.
 */
void trace_print_json(const char *lines, FILE *to);

#endif
