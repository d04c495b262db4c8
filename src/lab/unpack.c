/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/unpack.h"

#include "base/reason.h"
#include "host/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

void last_line(int fd, char *ret_line, size_t room)
{
    char text[4096], *line, *rest = text;
    off_t length = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
    off_t from = length > (off_t)sizeof(text) - 1 ? length - (off_t)sizeof(text) + 1 : 0;
    ssize_t got = fd < 0 ? 0 : pread(fd, text, sizeof(text) - 1, from);

    ret_line[0] = '\0';
    text[got > 0 ? got : 0] = '\0';
    while ((line = strsep(&rest, "\r\n")))
        if (*line)
            snprintf(ret_line, room, "%s", line);
}

int unpack_begin(struct unpacking *unpacking, const char *folder, struct reason *reason)
{
    int input[2] = {-1, -1};
    char *program = NULL;
    int error = program_find("tar", &program, reason);

    unpacking->complaint = spawn_descriptor(memfd_create("mvm-lab", MFD_CLOEXEC));
    if (!error && (unpacking->complaint < 0 || pipe2(input, O_CLOEXEC) < 0))
        error = reason_errno(reason, errno, "cannot make a pipe");
    if (!error) {
        /* tar refuses names that lead out of the folder. The archive holds no owners. */
        const char *const arguments[] = {"tar",  "--extract", "--no-same-owner", "--file=-", "--directory",
                                         folder, NULL};
        int theirs = spawn_descriptor(input[0]);
        const struct spawn spawn = {
            .program = program,
            .arguments = (char *const *)arguments,
            .group = 0,
            .standard_input = theirs,
            .standard_output = -1,
            .standard_error = unpacking->complaint,
            .extra = -1,
        };
        pid_t pid = spawn_process(&spawn, reason);

        close(theirs);
        if (pid < 0) {
            close(input[1]);
            error = (int)pid;
        } else {
            fcntl(input[1], F_SETFL, O_NONBLOCK);
            unpacking->pid = pid;
            unpacking->input = input[1];
        }
    }
    free(program);
    return error;
}

int unpack_end(struct unpacking *unpacking, const char *folder, struct reason *reason)
{
    char complaint[512];
    int status = 0, error = 0;

    if (unpacking->pid > 0) {
        close(unpacking->input);
        while (waitpid(unpacking->pid, &status, 0) < 0 && errno == EINTR)
            ;
        last_line(unpacking->complaint, complaint, sizeof(complaint));
        if (status != 0)
            error = reason_set(reason, EIO, "not all files could be brought back into %s: %s", folder,
                               complaint[0] ? complaint : "tar failed");
    }
    if (unpacking->complaint >= 0)
        close(unpacking->complaint);
    *unpacking = (struct unpacking){.input = -1, .complaint = -1};
    return error;
}
