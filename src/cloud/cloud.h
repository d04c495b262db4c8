/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A cloud that one has logged into: requests to its services by name. The token is renewed when it has
 * expired; 429, 503 and a service that cannot be reached are waited for, with growing pauses and as long as
 * the service says (Retry-After), for at most the patience given. Many threads may make requests, each with a
 * struct http of its own.
 *
 * Reasons may repeat what a service says, in printable characters and cut; secrets and tokens that it
 * repeats are blotted out.
 */
#ifndef MVM_CLOUD_CLOUD_H
#define MVM_CLOUD_CLOUD_H

#include "cloud/credentials.h"
#include "cloud/http.h"

#include <jansson.h>

struct cloud;

enum cloud_service { CLOUD_COMPUTE, CLOUD_IMAGE, CLOUD_PLACEMENT, CLOUD_SERVICES };

struct cloud_answer {
    int status;
    json_t *json; /* NULL for an empty body */
    int64_t date; /* the service's clock, seconds since 1970; 0 when it has not said */
    bool unsure;  /* of a failure: the request may have been carried out */
};

/* Logs in and reads the catalogue. The cloud takes over the credentials, also on failure. `patience_ns` is
 * how long a request is tried again. -EACCES: the cloud does not accept them; -ENOENT: it has no compute or
 * no image service; Placement may lack. */
int cloud_open(struct cloud_credentials *credentials, uint64_t patience_ns, struct cloud **ret_cloud,
               struct reason *reason);
void cloud_close(struct cloud *cloud);

/* A client for one thread. */
int cloud_client(const struct cloud *cloud, struct http **ret_http, struct reason *reason);

/* The file of certificates to trust, or NULL; whether all that holds a secret must go over TLS. */
const char *cloud_ca_file(const struct cloud *cloud);
bool cloud_is_secure(const struct cloud *cloud);

/* Ends what is under way, and every request to come, with -ECANCELED, until it is set back. */
void cloud_cancel(struct cloud *cloud, bool cancelled);
const atomic_bool *cloud_cancelled(const struct cloud *cloud);

/*
 * One request. `path` follows the service's address ("/servers"); `body` is JSON (borrowed) or NULL.
 * 0 for a status of 200 to 299, and the caller releases the answer. Else `ret_answer` has the status (0 when
 * there was none) and no body, and: -ENOENT for 404, -EACCES for 401, -EPERM for 403, -EEXIST for 409,
 * -EINVAL for other 4xx, -EAGAIN: 429, 503 or not reached, and patience is at its end; -EIO for other 5xx;
 * -EBADMSG: it is not JSON; and those of http_do(). What may have been done, though it failed, is marked
 * `unsure`.
 */
int cloud_request(struct cloud *cloud, struct http *http, enum cloud_service service, const char *method,
                  const char *path, const json_t *body, struct cloud_answer *ret_answer,
                  struct reason *reason);

/* The same with bytes as a body, of any kind. */
int cloud_put_bytes(struct cloud *cloud, struct http *http, enum cloud_service service, const char *path,
                    const void *bytes, size_t length, struct reason *reason);

void cloud_answer_release(struct cloud_answer *answer);

/* The text `key` of an object of an answer, or NULL with the reason -EBADMSG set, `what` naming the object.
 */
const char *cloud_text(const json_t *object, const char *key, const char *what, struct reason *reason);

/* The same of an id, which has letters, digits, '-' and '_' only, so that it can be part of a path. */
const char *cloud_id(const json_t *object, const char *key, const char *what, struct reason *reason);

/* Copies a service's words: printable, cut to the room, with what is secret blotted out. */
void cloud_words(struct cloud *cloud, const char *words, char *ret_text, size_t room);

#endif
