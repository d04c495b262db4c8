/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs images one after the other on QEMU, and writes what each sends on COM1 to a file: for hosts on which
 * starting a QEMU takes long. Images that want the same machine share a QEMU, which is reset between them
 * with the next image in its drive; those that do not end by "done" have one of their own.
 *
 *   qemu-row QEMU PLAN FOLDER
 *
 * A line of the plan: NAME IMAGE MIB DRIVE MACHINE CPU SECONDS INPUT ENDS. IMAGE and INPUT are paths, INPUT
 * is "-" where nothing is sent when the guest has printed the line "ready". DRIVE is QEMU's word: ide or
 * floppy. ENDS is "done", "alone" for a guest that ends so and wants a QEMU that was not reset before, or
 * something else for a guest that ends QEMU. The interrupt chips are QEMU's own. The transcript is
 * FOLDER/NAME.qemu; one of a guest that did not end in time is not there.
 */
#include "base/clock.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TRANSCRIPT_MOST = 1 << 20, IMAGE_MOST = 2 << 20, WORD = 256 };

struct guest {
    char name[WORD], image[WORD], mib[WORD], drive[WORD], machine[WORD], cpu[WORD], input[WORD], ends[WORD];
    double seconds;
};

struct qemu {
    pid_t pid;
    int serial_in, serial_out, monitor;
    struct guest machine; /* what it was started for */
};

static char transcript[TRANSCRIPT_MOST], bytes[IMAGE_MOST];

static bool ends_itself(const struct guest *guest)
{
    return strcmp(guest->ends, "done") != 0 && strcmp(guest->ends, "alone") != 0;
}

static size_t read_file(const char *path, char *room, size_t most)
{
    FILE *file = fopen(path, "rb");

    if (!file) {
        perror(path);
        exit(2);
    }
    size_t size = fread(room, 1, most, file);

    fclose(file);
    return size;
}

static void write_file(const char *path, const char *from, size_t size)
{
    FILE *file = fopen(path, "wb");

    if (!file || fwrite(from, 1, size, file) != size || fclose(file) != 0) {
        perror(path);
        exit(2);
    }
}

static void stop(struct qemu *qemu)
{
    if (qemu->pid <= 0)
        return;
    kill(qemu->pid, SIGKILL);
    waitpid(qemu->pid, NULL, 0);
    close(qemu->serial_in);
    close(qemu->serial_out);
    close(qemu->monitor);
    qemu->pid = 0;
}

static void exec_qemu(const char *program, const struct guest *guest, const char *drive, int monitor)
{
    char drive_option[WORD * 2], monitor_option[WORD];
    const char *words[40] = {
        program,    "-machine",    guest->machine,           "-cpu",     guest->cpu,   "-m",
        guest->mib, "-nodefaults", "-no-user-config",        "-display", "none",       "-vga",
        "std",      "-accel",      "kvm,kernel-irqchip=off", "-drive",   drive_option, "-serial",
        "stdio",    "-chardev",    monitor_option,           "-mon",     "chardev=m"};

    snprintf(drive_option, sizeof(drive_option), "format=raw,file=%s,if=%s,file.locking=off", drive,
             guest->drive);
    snprintf(monitor_option, sizeof(monitor_option), "socket,id=m,fd=%d", monitor);
    for (unsigned i = 0; ends_itself(guest) && i < sizeof(words) / sizeof(words[0]); i++)
        if (!words[i]) {
            words[i] = "-no-reboot";
            break;
        }
    execv(program, (char *const *)words);
    _exit(127);
}

static void start(struct qemu *qemu, const char *program, const struct guest *guest, const char *drive)
{
    int in[2], out[2], monitor[2];

    if (pipe(in) < 0 || pipe(out) < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, monitor) < 0) {
        perror("qemu-row");
        exit(2);
    }
    fflush(NULL);
    qemu->pid = fork();
    if (qemu->pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(in[0], 0);
        dup2(out[1], 1);
        close(in[0]);
        close(in[1]);
        close(out[0]);
        close(out[1]);
        close(monitor[0]);
        exec_qemu(program, guest, drive, monitor[1]);
    }
    close(in[0]);
    close(out[1]);
    close(monitor[1]);
    qemu->serial_in = in[1];
    qemu->serial_out = out[0];
    qemu->monitor = monitor[0];
    qemu->machine = *guest;
}

/* Reads the transcript until it ends, QEMU does, or the time is over; returns its size, or -1. */
static ssize_t listen_to(struct qemu *qemu, const struct guest *guest)
{
    uint64_t until = clock_now_ns() + (uint64_t)(guest->seconds * 1e9);
    bool waits = strcmp(guest->input, "-") != 0;
    size_t size = 0;
    char ignored[4096];

    while (clock_now_ns() < until && size + 1 < sizeof(transcript)) {
        struct pollfd polled[2] = {{qemu->serial_out, POLLIN, 0}, {qemu->monitor, POLLIN, 0}};

        if (poll(polled, 2, 50) <= 0)
            continue;
        if (polled[1].revents & POLLIN)
            (void)!read(qemu->monitor, ignored, sizeof(ignored));
        if (!(polled[0].revents & (POLLIN | POLLHUP)))
            continue;
        ssize_t got = read(qemu->serial_out, transcript + size, sizeof(transcript) - 1 - size);

        if (got <= 0)
            return ends_itself(guest) ? (ssize_t)size : -1;
        size += (size_t)got;
        transcript[size] = '\0';
        if (waits && strstr(transcript, "ready\n")) {
            size_t length = read_file(guest->input, bytes, sizeof(bytes));

            waits = false;
            (void)!write(qemu->serial_in, bytes, length);
        }
        if (!ends_itself(guest) && size >= 5 && memcmp(transcript + size - 5, "done\n", 5) == 0)
            return (ssize_t)size;
    }
    return -1;
}

static bool same_machine(const struct guest *a, const struct guest *b)
{
    return strcmp(a->mib, b->mib) == 0 && strcmp(a->drive, b->drive) == 0 &&
           strcmp(a->machine, b->machine) == 0 && strcmp(a->cpu, b->cpu) == 0 &&
           strcmp(a->ends, b->ends) == 0;
}

static void run(struct qemu *qemu, const char *program, const char *folder, const struct guest *guest)
{
    char drive[WORD * 2], path[WORD * 3];
    size_t size = read_file(guest->image, bytes, sizeof(bytes));

    snprintf(drive, sizeof(drive), "%s/drive", folder);
    write_file(drive, bytes, size); /* in place: a QEMU that runs has it open */
    if (qemu->pid > 0 && strcmp(guest->ends, "done") == 0 && same_machine(&qemu->machine, guest)) {
        (void)!write(qemu->monitor, "system_reset\n", 13);
    } else {
        stop(qemu);
        start(qemu, program, guest, drive);
    }
    uint64_t began = clock_now_ns();
    ssize_t got = listen_to(qemu, guest);

    printf("%s.qemu %.2f s\n", guest->name, (double)(clock_now_ns() - began) / 1e9);
    fflush(stdout);

    snprintf(path, sizeof(path), "%s/%s.qemu", folder, guest->name);
    if (got >= 0)
        write_file(path, transcript, (size_t)got);
    else
        fprintf(stderr, "qemu-row: %s does not end\n", guest->name);
    if (got < 0 || ends_itself(guest))
        stop(qemu);
}

int main(int argc, char **argv)
{
    struct qemu qemu = {0};
    struct guest guest;
    FILE *plan = argc == 4 ? fopen(argv[2], "r") : NULL;

    if (!plan) {
        fprintf(stderr, "usage: qemu-row QEMU PLAN FOLDER\n");
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    while (fscanf(plan, "%255s %255s %255s %255s %255s %255s %lf %255s %255s", guest.name, guest.image,
                  guest.mib, guest.drive, guest.machine, guest.cpu, &guest.seconds, guest.input,
                  guest.ends) == 9)
        run(&qemu, argv[1], argv[3], &guest);
    stop(&qemu);
    fclose(plan);
    return 0;
}
