/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The disassembly of an image, by NASM's ndisasm where it is installed. */
#include "cmd/image.h"
#include "guest/image.h"

#include <errno.h>
#include <jansson.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* Starts ndisasm on an image in `in`, writing to `out`. What is data in an image of ours is told to it. */
static int start(const struct image *image, int in, int out, pid_t *ret_pid)
{
    struct image_settings settings = image_settings(image->bytes);
    char skip_settings[48];
    const char *argv[11] = {"ndisasm", "-b", "16", "-o", "0x7c00"};
    size_t argc = 5;
    posix_spawn_file_actions_t actions;

    if (image->ours) {
        argv[argc++] = "-k";
        argv[argc++] = "0x7c02,16"; /* skips count from the origin */
    }
    if (settings.offset && settings.room > 0) {
        snprintf(skip_settings, sizeof(skip_settings), "%zu,%zu", 0x7c00 + settings.offset, settings.room);
        argv[argc++] = "-k";
        argv[argc++] = skip_settings;
    }
    argv[argc] = "-"; /* standard input */
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    int error = posix_spawnp(ret_pid, "ndisasm", &actions, NULL, (char *const *)argv, environ);

    posix_spawn_file_actions_destroy(&actions);
    return -error;
}

/* The disassembly as a malloc'd text in `*ret_text`, or a negative errno: -ENOENT when there is no ndisasm.
 */
static int disassemble(const struct image *image, char **ret_text)
{
    int in = memfd_create("image", MFD_CLOEXEC), out = memfd_create("disassembly", MFD_CLOEXEC);
    int error = in < 0 || out < 0 ? -errno : 0, status = 0;
    char *text = NULL;
    pid_t pid;

    if (!error && pwrite(in, image->bytes, IMAGE_SIZE, 0) != IMAGE_SIZE)
        error = -EIO;
    if (!error)
        error = start(image, in, out, &pid);
    if (!error) {
        while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
            ;
        if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
            error = WIFEXITED(status) && WEXITSTATUS(status) == 127 ? -ENOENT : -EIO;
    }
    if (!error) {
        off_t length = lseek(out, 0, SEEK_END);

        text = length < 0 ? NULL : calloc(1, (size_t)length + 1);
        if (!text || pread(out, text, (size_t)length, 0) != length)
            error = -EIO;
    }
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    if (error) {
        free(text);
        return error;
    }
    *ret_text = text;
    return 0;
}

void image_print_disassembly(const struct image *image)
{
    char *text;
    int error = disassemble(image, &text);

    if (error == -ENOENT) {
        puts("no disassembly: ndisasm (Debian package nasm) is not installed");
    } else if (error) {
        printf("no disassembly: ndisasm failed: %s\n", strerror(-error));
    } else {
        fputs(text, stdout);
        free(text);
    }
}

struct json_t *image_disassembly_json(const struct image *image)
{
    char *text, *rest, *line;

    if (disassemble(image, &text) < 0)
        return json_null();
    json_t *lines = json_array();

    rest = text;
    while ((line = strsep(&rest, "\n")))
        if (*line)
            json_array_append_new(lines, json_string(line));
    free(text);
    return lines;
}
