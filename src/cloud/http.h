/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * HTTP requests to services that are not trusted, over libcurl: certificates and host names are verified, an
 * answer's body is bounded, a redirect to another scheme, host or port is refused (and one to the same is
 * followed for GET), and every request has an end. Nothing of a request, nor any header, is repeated in a
 * reason.
 */
#ifndef MVM_CLOUD_HTTP_H
#define MVM_CLOUD_HTTP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reason;
struct http;

enum {
    HTTP_TOKEN_ROOM = 8192,
    HTTP_BODY_MOST = 16 << 20, /* bytes; a page of a thousand servers has some two million */
    HTTP_HEADERS_MOST = 8,
};

struct http_request {
    const char *method; /* "GET", "POST", "PUT", "DELETE" */
    bool repeatable;    /* a POST that does no harm when it is sent once more */
    const char *url;
    const char *headers[HTTP_HEADERS_MOST]; /* "Name: value"; the first NULL ends them */
    const void *body;                       /* NULL for none */
    size_t body_length;
    uint64_t deadline_ns;         /* CLOCK_MONOTONIC */
    const atomic_bool *cancelled; /* looked at about once a second; NULL: it cannot be */
};

struct http_answer {
    int status;
    char *body; /* malloc'd, NUL-terminated; never NULL after success */
    size_t length;
    char subject_token[HTTP_TOKEN_ROOM]; /* the header X-Subject-Token; "" without */
    uint64_t retry_after_s;              /* the header Retry-After in seconds; 0 without */
    int64_t date; /* the header Date, seconds since 1970: the server's clock; 0 without */
};

/* A client with its connections, for one thread at a time. `ca_file` is a file of certificates to trust
 * instead of the system's; NULL: the system's. */
int http_open(const char *ca_file, struct http **ret_http, struct reason *reason);
void http_close(struct http *http);

/* Until it is set to 0 again, no request of this client lasts longer, whatever its own deadline and patience.
 */
void http_set_deadline(struct http *http, uint64_t deadline_ns);
uint64_t http_deadline(const struct http *http);

/*
 * Sends a request and waits for the answer, of whatever status. 0, and the caller releases the answer; or
 * without one -ECONNREFUSED: it was never sent; -ECANCELED; -ETIMEDOUT, -EIO: the answer is lost, and what
 * was asked for may have been done; -EMSGSIZE: the answer is too long; -EXDEV: it leads elsewhere; -EPERM:
 * the certificate is not to be trusted; -EINVAL: no such URL; -ENOMEM.
 */
int http_do(struct http *http, const struct http_request *request, struct http_answer *ret_answer,
            struct reason *reason);

/* The answer may be zeroed. */
void http_answer_release(struct http_answer *answer);

/* Whether the URL is one of http or https with a host, and no user in it; `ret_secure`: https. */
bool http_url_is_good(const char *url, bool *ret_secure);

#endif
