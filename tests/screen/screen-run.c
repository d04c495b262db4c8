/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Boots one image as a population of one VM, presses keys, and prints the screen: 25 lines of characters in
 * hexadecimal digits, then 25 of attributes.
 *
 *   screen-run IMAGE SECONDS UNTIL [WHEN CODES]
 *
 * CODES are scan codes (set 1) in hexadecimal digits, pressed once the screen shows the text WHEN. Ends when
 * it shows UNTIL, or with status 1 (and the screen, and why the VM stopped) when the time is over.
 */
#include "base/clock.h"
#include "base/reason.h"
#include "vmm/vmm.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CELLS = 80 * 25, CODES_MOST = 1000 };

static bool shows(const struct vmm_screen *screen, const char *text)
{
    char page[CELLS + 1];

    for (size_t i = 0; i < CELLS; i++)
        page[i] = screen->cells[2 * i] ? (char)screen->cells[2 * i] : ' ';
    page[CELLS] = '\0';
    return strstr(page, text) != NULL;
}

static void print(const struct vmm_screen *screen)
{
    for (unsigned half = 0; half < 2; half++)
        for (unsigned cell = 0; cell < CELLS; cell++)
            printf("%02x%s", screen->cells[2 * cell + half], cell % 80 == 79 ? "\n" : "");
}

static size_t read_codes(const char *digits, uint8_t *codes)
{
    size_t count = 0;

    for (; count < CODES_MOST && digits[2 * count] && digits[2 * count + 1]; count++) {
        char byte[3] = {digits[2 * count], digits[2 * count + 1]};

        codes[count] = (uint8_t)strtoul(byte, NULL, 16);
    }
    return count;
}

static int watch(struct vmm *vmm, uint64_t end_ns, char **argv, int argc)
{
    struct vmm_screen screen = {0};
    uint8_t codes[CODES_MOST];
    size_t count = argc > 5 ? read_codes(argv[5], codes) : 0;
    char stop[100];

    for (; clock_now_ns() < end_ns; clock_sleep_until(clock_now_ns() + 10 * NS_PER_MILLISECOND)) {
        if (vmm_screen(vmm, 0, &screen) < 0)
            break;
        if (shows(&screen, argv[3])) {
            print(&screen);
            return 0;
        }
        if (count && shows(&screen, argv[4]) && vmm_console_open(vmm, 0) == 0) {
            if (vmm_console_press(vmm, 0, codes, count) != count)
                fprintf(stderr, "screen-run: not all keys were taken\n");
            count = 0;
        }
    }
    print(&screen);
    vmm_explain(vmm, 0, stop, sizeof(stop));
    fprintf(stderr, "screen-run: the text did not come; %s\n", stop[0] ? stop : "the VM runs");
    return 1;
}

int main(int argc, char **argv)
{
    struct vmm_options options = {.workers = 1,
                                  .memory_mib = 1,
                                  .slice = 50000,
                                  .boot_timeout_ns = NS_PER_SECOND,
                                  .drive = 0x80,
                                  .learn = true};
    struct reason reason = {""};
    uint8_t image[512];
    struct vmm *vmm;

    if (argc != 4 && argc != 6) {
        fprintf(stderr, "usage: screen-run IMAGE SECONDS UNTIL [WHEN CODES]\n");
        return 2;
    }
    FILE *file = fopen(argv[1], "rb");

    if (!file || fread(image, sizeof(image), 1, file) != 1) {
        fprintf(stderr, "screen-run: '%s' cannot be read\n", argv[1]);
        return 2;
    }
    fclose(file);
    if (vmm_open(&options, image, &vmm, &reason) < 0) {
        fprintf(stderr, "screen-run: %s\n", reason.text);
        return 2;
    }
    vmm_boot(vmm, 1);
    while (vmm_booting(vmm) > 0)
        clock_sleep_until(clock_now_ns() + NS_PER_MILLISECOND);
    int status =
        watch(vmm, clock_now_ns() + (uint64_t)(strtod(argv[2], NULL) * (double)NS_PER_SECOND), argv, argc);

    vmm_close(vmm);
    return status;
}
