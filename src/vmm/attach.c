/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Consoles, screens and traces of single VMs: jobs for the worker that has them. */
#include "vmm/disassembly.h"
#include "vmm/population.h"
#include "vmm/shard_visit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct attachment {
    uint32_t number;
    int error;
    uint8_t *bytes;
    const uint8_t *sent;
    size_t room, count;
    bool keys;
    struct vmm_screen *screen;
    void (*line)(void *context, const char *text);
    void *line_context;
};

static void call(struct vmm *vmm, uint64_t vm, void (*job)(struct shard *, void *),
                 struct attachment *attachment)
{
    if (vm / vmm->options.workers >= UINT32_MAX) {
        attachment->error = -ESRCH;
        return;
    }
    attachment->number = (uint32_t)(vm / vmm->options.workers);
    worker_call(vmm->workers[vm % vmm->options.workers], job, attachment);
}

/* Changes one flag of a record: the VM is visited, and packed again. */
static void open_console(struct shard *shard, void *argument)
{
    struct attachment *attachment = argument;
    struct console *console;
    struct visit visit;

    attachment->error = -ESRCH;
    if (attachment->number >= store_count(shard->store) || !visit_begin(shard, attachment->number, &visit))
        return;
    attachment->error = -EBUSY;
    if (!visit.request && !visit.console) {
        attachment->error = -ENOMEM;
        console = calloc(1, sizeof(*console));
        if (console && vmtable_add(&shard->consoles, visit.number, console) == 0) {
            visit.console = console;
            visit.flags |= RECORD_CONSOLE;
            attachment->error = 0;
        } else {
            free(console);
        }
    }
    visit_run(shard, &visit);
}

static void close_console(struct shard *shard, void *argument)
{
    struct attachment *attachment = argument;

    struct console *console = vmtable_take(&shard->consoles, attachment->number);
    bool held = console && console->held;

    /* The flag goes with the VM's next visit, which finds no console. */
    free(console);
    if (held)
        shard_wake(shard, attachment->number);
}

static void read_console(struct shard *shard, void *argument)
{
    struct attachment *attachment = argument;
    struct console *console = vmtable_get(&shard->consoles, attachment->number);

    while (console && console->output_count > 0 && attachment->count < attachment->room) {
        attachment->bytes[attachment->count++] = console->output[console->output_start];
        console->output_start = (console->output_start + 1) % CONSOLE_OUTPUT;
        console->output_count--;
    }
    if (console && console->held && console->output_count < CONSOLE_OUTPUT / 2) {
        console->held = false;
        shard_wake(shard, attachment->number);
    }
}

static void write_console(struct shard *shard, void *argument)
{
    struct attachment *attachment = argument;
    struct console *console = vmtable_get(&shard->consoles, attachment->number);

    if (!console)
        return;
    uint8_t *queue = attachment->keys ? console->keys : console->serial;
    size_t *count = attachment->keys ? &console->key_count : &console->serial_count;

    while (*count < CONSOLE_INPUT && attachment->count < attachment->room)
        queue[(*count)++] = attachment->sent[attachment->count++];
    shard_wake(shard, attachment->number);
}

int vmm_console_open(struct vmm *vmm, uint64_t vm)
{
    struct attachment attachment = {0};

    call(vmm, vm, open_console, &attachment);
    return attachment.error;
}

void vmm_console_close(struct vmm *vmm, uint64_t vm)
{
    struct attachment attachment = {0};

    call(vmm, vm, close_console, &attachment);
}

size_t vmm_console_read(struct vmm *vmm, uint64_t vm, uint8_t *ret_bytes, size_t room)
{
    struct attachment attachment = {.bytes = ret_bytes, .room = room};

    call(vmm, vm, read_console, &attachment);
    return attachment.count;
}

size_t vmm_console_write(struct vmm *vmm, uint64_t vm, const uint8_t *bytes, size_t count)
{
    struct attachment attachment = {.sent = bytes, .room = count};

    call(vmm, vm, write_console, &attachment);
    return attachment.count;
}

size_t vmm_console_press(struct vmm *vmm, uint64_t vm, const uint8_t *codes, size_t count)
{
    struct attachment attachment = {.sent = codes, .room = count, .keys = true};

    call(vmm, vm, write_console, &attachment);
    return attachment.count;
}

enum { TEXT_PAGE = 0xb8000, CRTC_CURSOR_START = 0x0a, CRTC_CURSOR_HIGH = 0x0e, CRTC_START_HIGH = 0x0c };

static void copy_screen(struct shard *shard, void *argument)
{
    struct attachment *attachment = argument;
    struct vmm_screen *screen = attachment->screen;
    struct context *context = shard_peek(shard, attachment->number);

    attachment->error = -ESRCH;
    if (!context)
        return;
    const uint8_t *crtc = context->state.vga.crtc;
    unsigned start = (unsigned)(crtc[CRTC_START_HIGH] << 8 | crtc[CRTC_START_HIGH + 1]);
    unsigned cursor = (unsigned)(crtc[CRTC_CURSOR_HIGH] << 8 | crtc[CRTC_CURSOR_HIGH + 1]) - start;

    /* The page wraps within its 32 KiB, as the hardware's address counter does. */
    for (size_t i = 0; i < sizeof(screen->cells); i++)
        screen->cells[i] = context->memory.bytes[TEXT_PAGE + ((start * 2 + i) & 0x7fff)];
    screen->cursor = crtc[CRTC_CURSOR_START] & 0x20 || cursor >= 80 * 25 ? UINT16_MAX : (uint16_t)cursor;
    shard_unpeek(shard, context);
    attachment->error = 0;
}

int vmm_screen(struct vmm *vmm, uint64_t vm, struct vmm_screen *ret_screen)
{
    struct attachment attachment = {.screen = ret_screen};

    call(vmm, vm, copy_screen, &attachment);
    return attachment.error;
}

static void start_trace(struct shard *shard, void *argument)
{
    struct attachment *attachment = argument;

    if (attachment->number >= store_count(shard->store)) {
        attachment->error = -ESRCH;
        return;
    }
    if (!shard->disassembly)
        attachment->error = disassembly_open(&shard->disassembly);
    if (!attachment->error && shard->kind != &cpu_x86emu && !shard->tracer)
        attachment->error = cpu_x86emu.create(&shard->tracer, NULL);
    if (attachment->error)
        return;
    shard->traced = attachment->number;
    shard->trace_line = attachment->line;
    shard->trace_context = attachment->line_context;
}

static void stop_trace(struct shard *shard, void *argument)
{
    (void)argument;
    shard->traced = UINT32_MAX;
    shard->trace_line = NULL;
}

int vmm_trace_start(struct vmm *vmm, uint64_t vm, void (*line)(void *context, const char *text),
                    void *context)
{
    struct attachment attachment = {.line = line, .line_context = context};

    if (vmm->traced != UINT64_MAX)
        return -EBUSY;
    call(vmm, vm, start_trace, &attachment);
    if (!attachment.error)
        vmm->traced = vm;
    return attachment.error;
}

void vmm_trace_stop(struct vmm *vmm)
{
    if (vmm->traced == UINT64_MAX)
        return;
    worker_call(vmm->workers[vmm->traced % vmm->options.workers], stop_trace, NULL);
    vmm->traced = UINT64_MAX;
}
