/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One VM of the vmm whose serial port is this program's: for tests that talk to a guest on several machines.
 *
 *   vmm-serial IMAGE READY-LINE disk|floppy SERIAL-FD CONTROL-FD
 *
 * Bytes go between SERIAL-FD and the VM's console. On CONTROL-FD "ready" is said when the VM has announced
 * itself by that very line; then each line that comes is answered with a number:
 *
 *   ticks   the BIOS's count of timer interrupts (0040:006C)
 *   cpu     seconds of CPU time that the worker has used
 *   trace   0; from now on reads of sectors are counted
 *   reads   sectors read since
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/reason.h"
#include "vmm/population.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PIECE = 4096, BIOS_TICKS = 0x46c };

struct pipe {
    struct vmm *vmm;
    int serial, control;
    uint8_t to_guest[PIECE], to_host[PIECE];
    size_t waiting, sending; /* of the two */
    _Atomic uint64_t reads;
};

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "vmm-serial: %s\n", what);
    exit(1);
}

/* A sector is read where its status is asked for. */
static void count_reads(void *context, const char *line)
{
    struct pipe *pipe = context;

    if (strstr(line, "in  0D04 ->"))
        atomic_fetch_add(&pipe->reads, 1);
}

static void peek_ticks(struct shard *shard, void *argument)
{
    struct context *context = shard_peek(shard, 0);

    if (!context)
        return;
    *(double *)argument = memory_read32(&context->memory, BIOS_TICKS);
    shard_unpeek(shard, context);
}

static double seconds_of(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static double answer(struct pipe *pipe, const char *question)
{
    double number = -1;

    if (strcmp(question, "ticks\n") == 0)
        worker_call(pipe->vmm->workers[0], peek_ticks, &number);
    else if (strcmp(question, "cpu\n") == 0)
        number = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - seconds_of(CLOCK_THREAD_CPUTIME_ID);
    else if (strcmp(question, "trace\n") == 0)
        number = vmm_trace_start(pipe->vmm, 0, count_reads, pipe);
    else if (strcmp(question, "reads\n") == 0)
        number = (double)atomic_load(&pipe->reads);
    return number;
}

/* One question at a time comes from the test, in one piece. */
static void take_question(struct pipe *pipe)
{
    char question[64] = "";
    ssize_t got = read(pipe->control, question, sizeof(question) - 1);

    if (got <= 0)
        exit(0); /* the test is over */
    dprintf(pipe->control, "%.6f\n", answer(pipe, question));
}

static void from_host(struct pipe *pipe)
{
    ssize_t got = read(pipe->serial, pipe->to_guest + pipe->waiting, PIECE - pipe->waiting);

    if (got == 0 || (got < 0 && errno != EAGAIN))
        exit(0);
    if (got > 0)
        pipe->waiting += (size_t)got;
}

static void to_guest(struct pipe *pipe)
{
    size_t taken = vmm_console_write(pipe->vmm, 0, pipe->to_guest, pipe->waiting);

    pipe->waiting -= taken;
    memmove(pipe->to_guest, pipe->to_guest + taken, pipe->waiting);
}

static void to_host(struct pipe *pipe)
{
    ssize_t put;

    if (pipe->sending == 0)
        pipe->sending = vmm_console_read(pipe->vmm, 0, pipe->to_host, PIECE);
    while (pipe->sending > 0) {
        put = write(pipe->serial, pipe->to_host, pipe->sending);
        if (put < 0)
            return; /* later, when the test has read some */
        pipe->sending -= (size_t)put;
        memmove(pipe->to_host, pipe->to_host + put, pipe->sending);
        if (pipe->sending == 0)
            pipe->sending = vmm_console_read(pipe->vmm, 0, pipe->to_host, PIECE);
    }
}

static void carry(struct pipe *pipe)
{
    int news = vmm_descriptor(pipe->vmm);

    for (;;) {
        struct pollfd files[] = {
            {.fd = pipe->serial,
             .events = (short)((pipe->waiting < PIECE ? POLLIN : 0) | (pipe->sending ? POLLOUT : 0))},
            {.fd = pipe->control, .events = POLLIN},
            {.fd = pipe->sending ? -1 : news, .events = POLLIN},
        };

        /* Input that the console had no room for is tried again: nothing tells when there is some. */
        if (poll(files, 3, pipe->waiting ? 1 : -1) < 0)
            fail("cannot wait");
        if (files[1].revents)
            take_question(pipe);
        if (files[0].revents & ~POLLOUT)
            from_host(pipe);
        if (files[2].revents)
            vmm_clear(pipe->vmm);
        if (pipe->waiting)
            to_guest(pipe);
        if (files[2].revents || pipe->sending)
            to_host(pipe);
    }
}

int main(int argc, char **argv)
{
    static struct pipe pipe;
    struct vmm_options options = {
        .workers = 1, .memory_mib = 1, .slice = 50000, .output_limit = 1 << 20, .learn = true};
    struct reason reason = {""};
    uint8_t image[512];
    FILE *file = argc == 6 ? fopen(argv[1], "rb") : NULL;

    if (!file || fread(image, sizeof(image), 1, file) != 1)
        fail("usage: vmm-serial IMAGE READY-LINE disk|floppy SERIAL-FD CONTROL-FD");
    fclose(file);
    options.ready_line = argv[2];
    options.drive = strcmp(argv[3], "floppy") == 0 ? 0x00 : 0x80;
    options.boot_timeout_ns = 30 * NS_PER_SECOND;
    pipe.serial = atoi(argv[4]);
    pipe.control = atoi(argv[5]);
    if (vmm_open(&options, image, &pipe.vmm, &reason) < 0)
        fail(reason.text);
    vmm_boot(pipe.vmm, 1);
    while (vmm_booting(pipe.vmm) > 0)
        clock_sleep_until(clock_now_ns() + NS_PER_MILLISECOND);
    if (!vmm_is_running(pipe.vmm, 0))
        fail("the VM did not announce itself by that line");
    if (vmm_console_open(pipe.vmm, 0) < 0)
        fail("the VM has no console");
    dprintf(pipe.control, "ready\n");
    carry(&pipe);
}
