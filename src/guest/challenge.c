/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest/challenge.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

void challenge_make(struct challenge *challenge, struct random *random)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    char *nonce = challenge->request + 1;

    challenge->request[0] = '?';
    for (size_t i = 0; i < CHALLENGE_NONCE; i++)
        nonce[i] = letters[random_below(random, sizeof(letters) - 1)];
    nonce[CHALLENGE_NONCE] = '\n';
    nonce[CHALLENGE_NONCE + 1] = '\0';
    challenge_solve(nonce, CHALLENGE_NONCE, challenge->answer);
}

void challenge_solve(const char *nonce, size_t length, char *ret_answer)
{
    uint16_t state = CHALLENGE_SEED;

    *ret_answer++ = '!';
    for (size_t i = 0; i < length; i++) {
        unsigned int rotated = (unsigned int)state << 5 | (unsigned int)state >> 11;

        state = (uint16_t)(rotated + (unsigned char)nonce[i]);
        *ret_answer++ = (char)('a' + (state & 15));
    }
    *ret_answer = '\0';
}

bool challenge_answered(const struct challenge *challenge, const char *line, size_t length)
{
    if (length > 0 && line[length - 1] == '\r')
        length--;
    return length == strlen(challenge->answer) && memcmp(line, challenge->answer, length) == 0;
}

void challenge_ready_line(const char *name, char ret_line[READY_LINE_ROOM])
{
    snprintf(ret_line, READY_LINE_ROOM, "mvm1 %s", name);
}
