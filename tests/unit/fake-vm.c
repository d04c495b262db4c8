/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stands in for a VM in tests of engines: speaks the guest protocol on standard input and output, and
 * misbehaves on demand. usage: fake-vm IMAGE
 * good|bytewise|mute|exit|leave|liar|silent|slow|later|chatty|noisy|overlong
 */
#include "guest/challenge.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void say(const char *text, int bytewise)
{
    size_t length = strlen(text);

    if (!bytewise) {
        if (write(STDOUT_FILENO, text, length) != (ssize_t)length)
            _exit(3);
        return;
    }
    for (size_t i = 0; i < length; i++) {
        if (write(STDOUT_FILENO, text + i, 1) != 1)
            _exit(3);
        usleep(200);
    }
}

static void answer(const char *mode, char *line)
{
    static int slept;
    char text[256] = "";
    size_t length = strcspn(line, "\n");
    int bytewise = strcmp(mode, "bytewise") == 0;

    if (line[0] != '?' || length > 200 || strcmp(mode, "silent") == 0)
        return;
    if (strcmp(mode, "leave") == 0) {
        fprintf(stderr, "fake-vm: told to leave\n");
        _exit(7);
    }
    if (strcmp(mode, "liar") == 0) {
        say(line, 0); /* an echo is what a wire would give */
        return;
    }
    if (strcmp(mode, "noisy") == 0)
        for (int i = 0; i < 2000; i++)
            fprintf(stderr, "fake-vm: warning %d\n", i);
    if (strcmp(mode, "overlong") == 0)
        for (int i = 0; i < 1000; i++)
            say("0123456789abcdef", 0);
    challenge_solve(line + 1, length - 1, text);
    if (strcmp(mode, "slow") == 0 && !slept) { /* the rest comes when the question has been given up */
        slept = 1;
        if (write(STDOUT_FILENO, text, 3) != 3)
            _exit(3);
        sleep(11);
        memmove(text, text + 3, strlen(text + 3) + 1);
    }
    if (strcmp(mode, "later") ==
        0) { /* the first answer comes with the second one, and after that all at once */
        static char kept[256];
        static unsigned asked;

        if (asked++ == 0) {
            snprintf(kept, sizeof(kept), "%s\n", text);
            return;
        }
        if (asked == 2)
            say(kept, 0);
    }
    say(text, bytewise);
    say(strcmp(mode, "bytewise") == 0 ? "\r\n" : "\n", bytewise);
}

int main(int argc, char **argv)
{
    const char *mode = argc > 2 ? argv[2] : "good";
    char line[4096];

    if (strcmp(mode, "exit") == 0) {
        fprintf(stderr, "fake-vm: no such\nmachine\033[1m\n");
        return 5;
    }
    if (strcmp(mode, "mute") == 0)
        for (;;)
            pause();
    if (strcmp(mode, "chatty") == 0)
        for (int i = 0; i < 3000; i++)
            say("SeaBIOS says many things before the guest does\r\n", 0);
    say("mvm1 sleep\n", strcmp(mode, "bytewise") == 0);
    while (fgets(line, sizeof(line), stdin))
        answer(mode, line);
    return 0;
}
