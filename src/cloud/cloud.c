/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/cloud_private.h"

#include "base/clock.h"
#include "base/reason.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 2.37 has servers without networks, 2.55 flavors with a description, and any of these serial consoles. */
#define COMPUTE_VERSION "OpenStack-API-Version: compute 2.55"

static const char *const service_names[CLOUD_SERVICES] = {
    [CLOUD_COMPUTE] = "Nova",
    [CLOUD_IMAGE] = "Glance",
    [CLOUD_PLACEMENT] = "Placement",
};

int cloud_open(struct cloud_credentials *credentials, uint64_t patience_ns, struct cloud **ret_cloud,
               struct reason *reason)
{
    struct cloud *cloud = calloc(1, sizeof(*cloud));
    char token[HTTP_TOKEN_ROOM];
    struct http *http = NULL;
    unsigned number;

    if (!cloud) {
        cloud_credentials_release(credentials);
        return reason_set(reason, ENOMEM, "no memory for a cloud");
    }
    pthread_mutex_init(&cloud->lock, NULL);
    cloud->credentials = *credentials;
    *credentials = (struct cloud_credentials){0};
    cloud->patience_ns = patience_ns;
    http_url_is_good(cloud->credentials.auth_url, &cloud->secure);
    int error = cloud_client(cloud, &http, reason);

    if (!error)
        error = cloud_login(cloud, http, 0, token, &number, reason);
    http_close(http);
    explicit_bzero(token, sizeof(token));
    if (error)
        cloud_close(cloud);
    else
        *ret_cloud = cloud;
    return error;
}

void cloud_close(struct cloud *cloud)
{
    if (!cloud)
        return;
    cloud_credentials_release(&cloud->credentials);
    explicit_bzero(cloud->token, sizeof(cloud->token));
    for (size_t i = 0; i < CLOUD_SERVICES; i++)
        free(cloud->endpoints[i]);
    pthread_mutex_destroy(&cloud->lock);
    free(cloud);
}

int cloud_client(const struct cloud *cloud, struct http **ret_http, struct reason *reason)
{
    return http_open(cloud->credentials.ca_file, ret_http, reason);
}

const char *cloud_ca_file(const struct cloud *cloud)
{
    return cloud->credentials.ca_file;
}

bool cloud_is_secure(const struct cloud *cloud)
{
    return cloud->secure;
}

void cloud_cancel(struct cloud *cloud, bool cancelled)
{
    atomic_store(&cloud->cancelled, cancelled);
}

const atomic_bool *cloud_cancelled(const struct cloud *cloud)
{
    return &cloud->cancelled;
}

void cloud_answer_release(struct cloud_answer *answer)
{
    json_decref(answer->json);
    answer->json = NULL;
}

/* With the token there is, and when it is refused with a new one. */
static int do_with_token(struct cloud *cloud, struct http *http, const char *url, const char *type,
                         struct http_request *request, struct http_answer *ret_answer, bool *ret_unsure,
                         struct reason *reason)
{
    char token[HTTP_TOKEN_ROOM], header[HTTP_TOKEN_ROOM + 16], type_header[64];
    unsigned number = 0;
    int error = 0;

    snprintf(type_header, sizeof(type_header), "Content-Type: %s", type);
    request->url = url;
    request->cancelled = &cloud->cancelled;
    for (int turn = 0; turn < 2; turn++) {
        error = cloud_login(cloud, http, number, token, &number, reason);
        if (error)
            break;
        snprintf(header, sizeof(header), "X-Auth-Token: %s", token);
        request->headers[0] = header;
        request->headers[1] = type_header;
        request->headers[2] = "Accept: application/json";
        error = cloud_try(cloud, http, request, ret_answer, ret_unsure, reason);
        if (error || ret_answer->status != 401 || turn == 1)
            break;
        http_answer_release(ret_answer);
    }
    explicit_bzero(token, sizeof(token));
    explicit_bzero(header, sizeof(header));
    return error;
}

static int call(struct cloud *cloud, struct http *http, enum cloud_service service, const char *method,
                const char *path, const char *type, const void *body, size_t length,
                struct cloud_answer *ret_answer, struct reason *reason)
{
    struct http_request request = {.method = method, .body = body, .body_length = length};
    struct http_answer answer = {0};
    char url[2048];

    *ret_answer = (struct cloud_answer){0};
    if (!cloud->endpoints[service])
        return reason_set(reason, ENOENT, "the cloud has no %s in its catalogue", service_names[service]);
    if (service == CLOUD_COMPUTE)
        request.headers[3] = COMPUTE_VERSION;
    if ((size_t)snprintf(url, sizeof(url), "%s%s", cloud->endpoints[service], path) >= sizeof(url))
        return reason_set(reason, ENAMETOOLONG, "an address of %s is too long", service_names[service]);
    int error = do_with_token(cloud, http, url, type, &request, &answer, &ret_answer->unsure, reason);

    if (error)
        return error;
    ret_answer->status = answer.status;
    ret_answer->date = answer.date;
    if (answer.status < 200 || answer.status > 299) {
        ret_answer->unsure = answer.status >= 500 && answer.status != 503;
        error = cloud_refusal(cloud, service_names[service], &answer, reason);
    } else {
        error = cloud_parse(service_names[service], &answer, &ret_answer->json, reason);
        ret_answer->unsure = error != 0;
    }
    http_answer_release(&answer);
    return error;
}

int cloud_request(struct cloud *cloud, struct http *http, enum cloud_service service, const char *method,
                  const char *path, const json_t *body, struct cloud_answer *ret_answer,
                  struct reason *reason)
{
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;

    if (body && !text)
        return reason_set(reason, ENOMEM, "no memory for a request");
    int error = call(cloud, http, service, method, path, "application/json", text, text ? strlen(text) : 0,
                     ret_answer, reason);

    free(text);
    return error;
}

int cloud_put_bytes(struct cloud *cloud, struct http *http, enum cloud_service service, const char *path,
                    const void *bytes, size_t length, struct reason *reason)
{
    struct cloud_answer answer;
    int error =
        call(cloud, http, service, "PUT", path, "application/octet-stream", bytes, length, &answer, reason);

    cloud_answer_release(&answer);
    return error;
}
