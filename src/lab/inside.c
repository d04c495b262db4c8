/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/inside.h"

#include "base/file.h"
#include "base/reason.h"
#include "lab/channel.h"

#include <errno.h>
#include <linux/reboot.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <unistd.h>

/* KEY=VALUE, each ended by a NUL. */
int plan_read(struct plan *ret_plan, struct reason *reason)
{
    struct plan plan = {.folder = "/", .bring = ""};
    size_t length, count = 0;
    int error = file_read(PLAN_PATH, 64 << 20, &plan.bytes, &length, reason);

    if (error)
        return error;
    for (size_t i = 0; i < length; i++)
        count += plan.bytes[i] == '\0';
    plan.arguments = calloc(count + 1, sizeof(*plan.arguments));
    plan.environment = calloc(count + 1, sizeof(*plan.environment));
    plan.modules = calloc(count + 1, sizeof(*plan.modules));
    if (!plan.arguments || !plan.environment || !plan.modules)
        return reason_set(reason, ENOMEM, "no memory");
    for (char *line = plan.bytes; line < plan.bytes + length; line += strlen(line) + 1) {
        char *value = strchr(line, '=');
        size_t key = value ? (size_t)(value - line) : 0;

        if (!value)
            continue;
        value++;
        if (key == 6 && strncmp(line, "folder", key) == 0)
            plan.folder = value;
        else if (key == 7 && strncmp(line, "program", key) == 0)
            plan.program = value;
        else if (key == 5 && strncmp(line, "bring", key) == 0)
            plan.bring = value;
        else if (key == 5 && strncmp(line, "input", key) == 0)
            plan.takes_input = value[0] == '1';
        else if (key == 8 && strncmp(line, "argument", key) == 0)
            plan.arguments[plan.argument_count++] = value;
        else if (key == 11 && strncmp(line, "environment", key) == 0)
            plan.environment[plan.environment_count++] = value;
        else if (key == 6 && strncmp(line, "module", key) == 0)
            plan.modules[plan.module_count++] = value;
    }
    if (!plan.program || plan.argument_count == 0)
        return reason_set(reason, EINVAL, "%s names no command", PLAN_PATH);
    *ret_plan = plan;
    return 0;
}

void channel_send(int channel, int type, const void *bytes, size_t length)
{
    unsigned char frame[FRAME_HEADER + FRAME_MOST];
    const char *from = bytes;

    do {
        size_t part = length < FRAME_MOST ? length : FRAME_MOST;

        frame_header(frame, type, (uint32_t)part);
        if (part)
            memcpy(frame + FRAME_HEADER, from, part);
        for (size_t done = 0; done < FRAME_HEADER + part;) {
            ssize_t put = write(channel, frame + done, FRAME_HEADER + part - done);

            if (put < 0 && errno != EINTR && errno != EAGAIN)
                return; /* the host is gone, and with it the reason to go on */
            done += put > 0 ? (size_t)put : 0;
        }
        from = part ? from + part : from;
        length -= part;
    } while (length > 0);
}

void channel_note(int channel, const char *format, ...)
{
    char text[1024];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    channel_send(channel, FRAME_NOTE, text, strlen(text));
}

/* Without a way to the host there is only the console, which it reads when the laboratory has ended. */
static _Noreturn void give_up(const struct reason *reason)
{
    dprintf(2, "\nmvm-lab: %s\n", reason->text);
    sync();
    reboot(RB_AUTOBOOT); /* the host does not let it start again */
    for (;;)
        pause();
}

/* Processes that the kernel ended for want of memory, since it started. */
static unsigned long long oom_kills(void)
{
    char *text, *line;
    size_t length;
    unsigned long long count = 0;

    if (file_read("/proc/vmstat", 1 << 20, &text, &length, NULL) < 0)
        return 0;
    line = strstr(text, "\noom_kill ");
    if (line)
        count = strtoull(line + 10, NULL, 10);
    free(text);
    return count;
}

/* The drivers of the channel come first in the plan; once they are there, what goes wrong can be told. */
static int load_modules(const struct plan *plan, struct reason *reason)
{
    int channel = -1, error = 0;
    struct reason failed[16];
    size_t failures = 0;

    for (size_t i = 0; i < plan->module_count; i++)
        if (inside_load(plan->modules[i], &failed[failures]) < 0 &&
            failures + 1 < sizeof(failed) / sizeof(failed[0]))
            failures++;
    channel = channel_open(reason);
    if (channel < 0) {
        if (failures)
            *reason = failed[0];
        return channel;
    }
    for (size_t i = 0; i < failures; i++)
        channel_note(channel, "%s", failed[i].text);
    return error ? error : channel;
}

int lab_inside(void)
{
    struct plan plan;
    struct reason reason = {""};
    struct timespec start;
    char text[32];

    if (getpid() != 1 || access(PLAN_PATH, R_OK) < 0)
        return -EPERM;
    inside_mount();
    inside_raise_limits();
    if (plan_read(&plan, &reason) < 0)
        give_up(&reason);
    int channel = load_modules(&plan, &reason);

    if (channel < 0)
        give_up(&reason);
    clock_gettime(CLOCK_REALTIME_COARSE, &start); /* the clock that files are stamped with */
    channel_send(channel, FRAME_READY, NULL, 0);
    int status = inside_run(channel, &plan);
    unsigned long long killed = oom_kills();

    if (killed)
        channel_note(
            channel,
            "the laboratory ran out of memory and its kernel ended %llu process%s; --memory gives it "
            "more",
            killed, killed == 1 ? "" : "es");
    if (plan.bring[0])
        inside_bring_back(channel, plan.bring, start);
    snprintf(text, sizeof(text), "%d", status);
    channel_send(channel, FRAME_END, text, strlen(text));
    for (;;)
        pause(); /* the host ends the laboratory */
}
