/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node_capture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/reason.h"

char *capture;
size_t capture_length;

int capture_read(void **state)
{
    char path[4096];
    struct reason reason;

    (void)state;
    snprintf(path, sizeof(path), "%s/node/metrics", getenv("MVM_TEST_DATA"));
    return file_read(path, 1 << 20, &capture, &capture_length, &reason);
}

int capture_drop(void **state)
{
    (void)state;
    free(capture);
    return 0;
}

char *capture_with(const char *from, const char *to)
{
    const char *at = strstr(capture, from);
    char *text = NULL;

    assert_non_null(at);
    assert_true(asprintf(&text, "%.*s%s%s", (int)(at - capture), capture, to, at + strlen(from)) > 0);
    return text;
}
