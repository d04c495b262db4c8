/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/trouble.h"

#include "base/reason.h"
#include "lab/unpack.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void keep(char *field, size_t room, const char *text)
{
    if (!field[0])
        snprintf(field, room, "%s", text);
}

static void take_line(struct console *console, const char *line)
{
    const char *found;

    if (!line[0])
        return;
    snprintf(console->line, sizeof(console->line), "%s", line);
    if ((found = strstr(line, "Kernel panic - not syncing: ")))
        keep(console->panic, sizeof(console->panic), found + 28);
    if ((found = strstr(line, "mvm-lab: ")))
        keep(console->own, sizeof(console->own), found + 9);
    if (strstr(line, "Initramfs unpacking failed"))
        console->unpacking_failed = true;
}

bool console_hear(struct console *console, int fd)
{
    char block[4096];
    ssize_t got = read(fd, block, sizeof(block));

    for (ssize_t i = 0; i < got; i++) {
        if (block[i] == '\n' || console->length + 1 == sizeof(console->partial)) {
            console->partial[console->length] = '\0';
            take_line(console, console->partial);
            console->length = 0;
        }
        /* What is not text (colours of a BIOS) does not come into a sentence. */
        if (block[i] >= ' ' && block[i] <= '~')
            console->partial[console->length++] = block[i];
    }
    return got > 0 || (got < 0 && (errno == EINTR || errno == EAGAIN));
}

int trouble_reason(struct machine *machine, const struct console *console, bool ready, struct reason *reason)
{
    siginfo_t end = {.si_pid = 0};
    char complaint[512];

    last_line(machine->complaint, complaint, sizeof(complaint));
    waitid(P_PID, (id_t)machine->pid, &end, WEXITED | WNOHANG | WNOWAIT);
    if (end.si_pid && end.si_code != CLD_EXITED)
        return reason_set(reason, EIO, "QEMU, which emulates the laboratory, was ended by signal %d%s",
                          end.si_status, end.si_status == 9 ? "; this host may be out of memory" : "");
    if (console->unpacking_failed && !ready)
        return reason_set(reason, EIO,
                          "the laboratory's files do not fit into its memory; --memory gives it more");
    if (console->own[0])
        return reason_set(reason, EIO, "the laboratory cannot start: %s", console->own);
    if (console->panic[0])
        return reason_set(reason, EIO, "the laboratory's kernel panicked: %s", console->panic);
    if (end.si_pid && end.si_status != 0)
        return reason_set(reason, EIO, "QEMU, which emulates the laboratory, failed: %s",
                          complaint[0] ? complaint : "it did not say why");
    return reason_set(reason, EIO, "the laboratory ended before the command%s%s",
                      console->line[0] ? "; its console ends with: " : "", console->line);
}
