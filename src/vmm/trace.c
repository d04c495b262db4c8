/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A trace that is read at its reader's own pace: lines wait in a buffer, and those without room are counted.
 */
#include "vmm/population.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER_BYTES = 1 << 20 };

struct trace_buffer {
    struct outbox *outbox;
    pthread_mutex_t lock;
    uint64_t lost;
    size_t count;
    char bytes[BUFFER_BYTES]; /* whole lines, each with its line feed */
};

/* On the worker's thread. */
static void add_line(void *context, const char *text)
{
    struct trace_buffer *buffer = context;
    size_t length = strlen(text);

    pthread_mutex_lock(&buffer->lock);
    bool was_empty = buffer->count == 0;

    /* Once lines are missing, none comes before the reader was told. */
    if (buffer->lost > 0 || length + 1 > sizeof(buffer->bytes) - buffer->count) {
        buffer->lost++;
    } else {
        memcpy(buffer->bytes + buffer->count, text, length);
        buffer->bytes[buffer->count + length] = '\n';
        buffer->count += length + 1;
    }
    pthread_mutex_unlock(&buffer->lock);
    if (was_empty)
        outbox_signal(buffer->outbox);
}

int vmm_trace_open(struct vmm *vmm, uint64_t vm)
{
    struct trace_buffer *buffer = vmm->trace ? NULL : malloc(sizeof(*buffer));

    if (!buffer)
        return vmm->trace ? -EBUSY : -ENOMEM;
    buffer->outbox = &vmm->port.outbox;
    buffer->lost = 0;
    buffer->count = 0;
    pthread_mutex_init(&buffer->lock, NULL);
    vmm->trace = buffer;
    int error = vmm_trace_start(vmm, vm, add_line, buffer);

    if (error)
        vmm_trace_close(vmm);
    return error;
}

size_t vmm_trace_read(struct vmm *vmm, char *ret_text, size_t room, uint64_t *ret_lost)
{
    struct trace_buffer *buffer = vmm->trace;
    size_t count = 0;

    *ret_lost = 0;
    if (!buffer)
        return 0;
    pthread_mutex_lock(&buffer->lock);
    count = buffer->count < room ? buffer->count : room;
    while (count > 0 && buffer->bytes[count - 1] != '\n')
        count--;
    memcpy(ret_text, buffer->bytes, count);
    buffer->count -= count;
    memmove(buffer->bytes, buffer->bytes + count, buffer->count);
    if (buffer->count == 0) {
        *ret_lost = buffer->lost;
        buffer->lost = 0;
    }
    pthread_mutex_unlock(&buffer->lock);
    return count;
}

void vmm_trace_close(struct vmm *vmm)
{
    if (!vmm->trace)
        return;
    vmm_trace_stop(vmm);
    pthread_mutex_destroy(&vmm->trace->lock);
    free(vmm->trace);
    vmm->trace = NULL;
}
