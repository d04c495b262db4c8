/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files cloud*.c share. */
#ifndef MVM_CLOUD_CLOUD_PRIVATE_H
#define MVM_CLOUD_CLOUD_PRIVATE_H

#include "cloud/cloud.h"

#include <pthread.h>

struct cloud {
    struct cloud_credentials credentials;
    uint64_t patience_ns;
    bool secure; /* Keystone is spoken to over TLS, and so is all else */
    atomic_bool cancelled;
    pthread_mutex_t lock; /* of the token, and held while a new one is got */
    char token[HTTP_TOKEN_ROOM];
    unsigned token_number;           /* tokens so far */
    char *endpoints[CLOUD_SERVICES]; /* without a slash at their ends; fixed after cloud_open() */
};

/* Gets a token, unless a newer one than `old` is there already, and copies it. The first time it reads the
 * catalogue too. */
int cloud_login(struct cloud *cloud, struct http *http, unsigned old, char ret_token[HTTP_TOKEN_ROOM],
                unsigned *ret_number, struct reason *reason);

/* Tries a request until it has an answer that waiting would not better, or patience is at its end. */
int cloud_try(struct cloud *cloud, struct http *http, struct http_request *request,
              struct http_answer *ret_answer, bool *ret_unsure, struct reason *reason);

/* The sentence for a status that is no success. */
int cloud_refusal(struct cloud *cloud, const char *service, const struct http_answer *answer,
                  struct reason *reason);

/* Parses an answer's body; an empty one is NULL. */
int cloud_parse(const char *service, const struct http_answer *answer, json_t **ret_json,
                struct reason *reason);

#endif
