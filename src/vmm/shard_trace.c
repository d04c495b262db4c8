/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a traced VM executes, as lines of text. */
#include "vmm/disassembly.h"
#include "vmm/shard_visit.h"

#include <stdio.h>

enum { LINE_ROOM = 160 };

static void say(struct shard *shard, const char *line)
{
    if (shard->trace_line)
        shard->trace_line(shard->trace_context, line);
}

/* 0000:7C1E  BA F8 03               mov dx, 0x3f8 */
static void code(void *trace_context, uint16_t cs, uint32_t eip, bool code32, const uint8_t *bytes,
                 unsigned count)
{
    struct shard *shard = trace_context;
    char line[LINE_ROOM], hex[3 * 15 + 1] = "", text[LINE_ROOM / 2];
    size_t length = disassembly_text(shard->disassembly, code32, eip, bytes, count, text, sizeof(text)),
           at = 0;

    for (size_t i = 0; i < length && i < 15; i++)
        at += (size_t)snprintf(hex + at, sizeof(hex) - at, "%02X ", bytes[i]);
    snprintf(line, sizeof(line), code32 ? "%04X:%08X  %-22s %s" : "%04X:%04X  %-22s %s", cs, eip, hex, text);
    say(shard, line);
}

static void interrupt(void *trace_context, uint8_t vector)
{
    char line[LINE_ROOM];

    snprintf(line, sizeof(line), "           interrupt %02X", vector);
    say(trace_context, line);
}

static void port(void *trace_context, char direction, uint16_t number, unsigned bytes, uint32_t value)
{
    char line[LINE_ROOM];

    snprintf(line, sizeof(line), "           %s %04X %s %0*X", direction == 'i' ? "in " : "out", number,
             direction == 'i' ? "->" : "<-", (int)(2 * bytes), value);
    say(trace_context, line);
}

void shard_trace_attach(struct shard *shard, struct context *context)
{
    context->trace_code = code;
    context->trace_port = port;
    context->trace_interrupt = interrupt;
    context->trace_context = shard;
}

void shard_trace_detach(struct context *context)
{
    context->trace_code = NULL;
    context->trace_port = NULL;
    context->trace_interrupt = NULL;
    context->trace_context = NULL;
}
