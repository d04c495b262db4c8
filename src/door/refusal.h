/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The door's own answers, where no VM can give one. */
#ifndef MVM_DOOR_REFUSAL_H
#define MVM_DOOR_REFUSAL_H

#include <stdbool.h>
#include <stddef.h>

enum { REFUSAL_ROOM = 512 };

/* Writes the whole answer, headers and a sentence (which is left out for HEAD); returns its bytes. `closes`:
 * with "Connection: close". */
size_t refusal_write(char ret_text[REFUSAL_ROOM], int status, const char *sentence, bool is_head,
                     bool closes);

#endif
