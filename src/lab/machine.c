/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/machine.h"

#include "base/reason.h"
#include "host/spawn.h"
#include "lab/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the kernel is always told. A panic ends the laboratory at once; everything after "--" is for the first
 * process (Documentation/admin-guide/kernel-parameters.rst of Linux). */
/* no_timer_check: on a busy host the timer's first ticks may come too late for the kernel, which panics then.
 */
#define KERNEL_BEFORE "console=ttyS0 quiet panic=-1 no_timer_check rdinit=/usr/bin/mvm"
#define KERNEL_BEHIND "-- lab --inside"

/* QEMU inherits it under its own number. */
static void hand_on(int fd)
{
    fcntl(fd, F_SETFD, 0);
}

static int start(struct machine *machine, const struct lab_wish *wish, const struct kernel *kernel,
                 int archive, const int theirs[2], struct reason *reason)
{
    char memory[32], cpus[32], initrd[64], console[64], channel[64], *append, *program;
    int error = program_find("qemu-system-x86_64", &program, reason);

    if (error)
        return reason_set(reason, ENOENT,
                          "qemu-system-x86_64 is not installed (Debian's package qemu-system-x86), "
                          "which emulates the laboratory");
    if (asprintf(&append, "%s %s %s", KERNEL_BEFORE, wish->append ? wish->append : "", KERNEL_BEHIND) < 0) {
        free(program);
        return reason_set(reason, ENOMEM, "no memory");
    }
    snprintf(memory, sizeof(memory), "%" PRIu64 "M", wish->memory_bytes >> 20);
    snprintf(cpus, sizeof(cpus), "%" PRIu64, wish->cpus);
    snprintf(initrd, sizeof(initrd), "/proc/self/fd/%d", archive);
    snprintf(console, sizeof(console), "socket,id=console,fd=%d", theirs[0]);
    snprintf(channel, sizeof(channel), "socket,id=channel,fd=%d", theirs[1]);

    /* Without what the laboratory does not use, so that the kernel does not look for it. */
    const char *const arguments[] = {
        program,
        "-nodefaults",
        "-no-user-config",
        "-display",
        "none",
        "-no-reboot",
        "-name",
        "mvm-lab",
        "-machine",
        "q35,accel=tcg,sata=off,smbus=off,usb=off",
        "-cpu",
        "max",
        "-smp",
        cpus,
        "-m",
        memory,
        "-kernel",
        kernel->image,
        "-initrd",
        initrd,
        "-append",
        append,
        "-chardev",
        console,
        "-serial",
        "chardev:console",
        "-device",
        "virtio-serial-pci,max_ports=2",
        "-chardev",
        channel,
        "-device",
        "virtserialport,nr=1,chardev=channel,name=" CHANNEL_NAME,
        NULL,
    };
    const struct spawn spawn = {
        .program = program,
        .arguments = (char *const *)arguments,
        .group = 0,
        .standard_input = -1,
        .standard_output = -1,
        .standard_error = machine->complaint,
        .extra = -1,
    };

    hand_on(archive);
    hand_on(theirs[0]);
    hand_on(theirs[1]);
    machine->pid = spawn_process(&spawn, reason);
    fcntl(archive, F_SETFD, FD_CLOEXEC);
    free(append);
    free(program);
    return machine->pid < 0 ? (int)machine->pid : 0;
}

int machine_start(struct machine *ret_machine, const struct lab_wish *wish, const struct kernel *kernel,
                  int archive, struct reason *reason)
{
    struct machine machine = {.pid = -1, .pidfd = -1, .channel = -1, .console = -1, .complaint = -1};
    int console[2] = {-1, -1}, channel[2] = {-1, -1}, error = 0;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, console) < 0 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, channel) < 0 ||
        fcntl(console[0], F_SETFL, O_NONBLOCK) < 0 || fcntl(channel[0], F_SETFL, O_NONBLOCK) < 0 ||
        (machine.complaint = spawn_descriptor(memfd_create("mvm-lab", MFD_CLOEXEC))) < 0)
        error = reason_errno(reason, errno, "cannot make the laboratory's channels");
    if (!error) {
        const int theirs[2] = {spawn_descriptor(console[1]), spawn_descriptor(channel[1])};

        console[1] = theirs[0];
        channel[1] = theirs[1];
        error = start(&machine, wish, kernel, archive, theirs, reason);
    }
    if (console[1] >= 0)
        close(console[1]);
    if (channel[1] >= 0)
        close(channel[1]);
    machine.console = console[0];
    machine.channel = channel[0];
    if (!error) {
        machine.pidfd = (int)syscall(SYS_pidfd_open, machine.pid, 0);
        if (machine.pidfd < 0)
            error = reason_errno(reason, errno, "cannot watch QEMU");
        else
            fcntl(machine.pidfd, F_SETFD, FD_CLOEXEC);
    }
    if (error) {
        machine_end(&machine);
        return error;
    }
    *ret_machine = machine;
    return 0;
}

int machine_end(struct machine *machine)
{
    const int fds[] = {machine->pidfd, machine->channel, machine->console, machine->complaint};
    int status = 0;

    if (machine->pid > 0) {
        kill(machine->pid, SIGKILL);
        while (waitpid(machine->pid, &status, 0) < 0 && errno == EINTR)
            ;
    }
    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
        if (fds[i] >= 0)
            close(fds[i]);
    *machine = (struct machine){.pid = -1, .pidfd = -1, .channel = -1, .console = -1, .complaint = -1};
    return status;
}
