/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "door/refusal.h"

#include <http_parser.h>
#include <stdio.h>
#include <string.h>

size_t refusal_write(char ret_text[REFUSAL_ROOM], int status, const char *sentence, bool is_head, bool closes)
{
    int length =
        snprintf(ret_text, REFUSAL_ROOM,
                 "HTTP/1.1 %d %s\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n%s\r\n%s%s", status,
                 http_status_str((enum http_status)status), strlen(sentence) + 1,
                 closes ? "Connection: close\r\n" : "", is_head ? "" : sentence, is_head ? "" : "\n");

    return length < REFUSAL_ROOM ? (size_t)length : REFUSAL_ROOM - 1;
}
