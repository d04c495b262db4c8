/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who may ask the run's HTTP service what. docs/web.md says it for people. */
#ifndef MVM_WEB_ACCESS_H
#define MVM_WEB_ACCESS_H

#include "web/request.h"

struct reason;

enum access {
    ACCESS_OPEN,  /* the page itself: the same for everybody, it tells nothing of the run */
    ACCESS_LOOK,  /* figures */
    ACCESS_TOUCH, /* what a VM notices: only on behalf of the page, or of who has no browser */
};

/*
 * 0, or the status with which the request is to be refused, and a sentence. `token` is NULL when the address
 * is loopback and none was asked for: then the Host header has to be an address or "localhost", so that no
 * name of somebody else's can be made to mean this host (DNS rebinding). With a token, who has it may come by
 * any name.
 */
int access_check(const struct request *request, enum access access, const char *token, struct reason *reason);

enum { TOKEN_LEAST = 16, TOKEN_MOST = 256, TOKEN_ROOM = TOKEN_MOST + 1 };

/* The token in the first line of a file that nobody but its owner can read: 16 to 256 visible ASCII
 * characters. -EINVAL, or what reading it failed with, with a sentence that does not hold it. */
int token_read(const char *path, char ret_token[TOKEN_ROOM], struct reason *reason);

/* 256 bits by chance, as hexadecimal digits. */
int token_make(char ret_token[TOKEN_ROOM], struct reason *reason);

#endif
