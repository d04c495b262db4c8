/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Challenges: requests whose right answer only a running guest can give. The protocol:
 * docs/guest-protocol.md. The request is '?', the nonce and a line feed; the answer is '!', one letter a..p
 * for each byte of the nonce, and a line feed. The letters come from a 16-bit state that starts at
 * CHALLENGE_SEED on every line:
 *
 *     state = rotate_left_16(state, 5) + byte;   letter = 'a' + (state & 15)
 *
 * so that an echo, a replay and a stuck line are all wrong answers.
 */
#ifndef MVM_GUEST_CHALLENGE_H
#define MVM_GUEST_CHALLENGE_H

#include "base/random.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    CHALLENGE_SEED = 0x4d56,
    CHALLENGE_NONCE = 16,                         /* letters in the nonces made here */
    CHALLENGE_REQUEST_ROOM = CHALLENGE_NONCE + 3, /* '?', nonce, LF, NUL */
    CHALLENGE_ANSWER_ROOM = CHALLENGE_NONCE + 2,  /* '!', letters, NUL */
};

struct challenge {
    char request[CHALLENGE_REQUEST_ROOM]; /* what to send, with its line feed */
    char answer[CHALLENGE_ANSWER_ROOM];   /* the only right answer, without its line feed */
};

/* Makes a challenge with a nonce of CHALLENGE_NONCE random characters of A-Z, a-z, 0-9. */
void challenge_make(struct challenge *challenge, struct random *random);

/* The answer to a nonce of `length` bytes; writes '!', `length` letters and a NUL to `ret_answer`. */
void challenge_solve(const char *nonce, size_t length, char *ret_answer);

/* True when the line (without line feed; one carriage return at its end is let pass) is the right answer. */
bool challenge_answered(const struct challenge *challenge, const char *line, size_t length);

/* The line (without line feed) by which guest `name` announces that it is ready: "mvm1 NAME". */
enum { READY_LINE_ROOM = 16 };
void challenge_ready_line(const char *name, char ret_line[READY_LINE_ROOM]);

#endif
