/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/websocket_address.h"

#include "base/reason.h"

#include <curl/curl.h>
#include <errno.h>
#include <libwebsockets.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_ROOM = 2048 };

/* libwebsockets counts its contexts without a lock. */
static pthread_mutex_t contexts = PTHREAD_MUTEX_INITIALIZER;

int websocket_address_parse(const char *text, bool only_secure, struct websocket_address *ret_address,
                            struct reason *reason)
{
    CURLU *url = curl_url();
    struct websocket_address address = {NULL};
    bool good = url && curl_url_set(url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME) == CURLUE_OK &&
                curl_url_get(url, CURLUPART_SCHEME, &address.scheme, 0) == CURLUE_OK &&
                curl_url_get(url, CURLUPART_HOST, &address.host, 0) == CURLUE_OK &&
                curl_url_get(url, CURLUPART_PATH, &address.path, 0) == CURLUE_OK;

    if (good) {
        curl_url_get(url, CURLUPART_PORT, &address.port, 0);
        curl_url_get(url, CURLUPART_QUERY, &address.query, 0);
        address.secure = strcmp(address.scheme, "wss") == 0;
        good = address.secure || (strcmp(address.scheme, "ws") == 0 && !only_secure);
    }
    curl_url_cleanup(url);
    if (good) {
        *ret_address = address;
        return 0;
    }
    websocket_address_release(&address);
    return reason_set(reason, EINVAL, "the address of a serial console is no URL of %s",
                      only_secure ? "wss, and nothing else is used with a cloud that has TLS" : "ws or wss");
}

void websocket_address_release(struct websocket_address *address)
{
    curl_free(address->scheme);
    curl_free(address->host);
    curl_free(address->port);
    curl_free(address->path);
    curl_free(address->query);
}

struct lws_context *websocket_context(const struct lws_protocols *protocols, bool secure, const char *ca_file,
                                      unsigned connections, void *user)
{
    const struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .protocols = protocols,
        .options = secure ? LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT : 0,
        .client_ssl_ca_filepath = secure ? ca_file : NULL,
        .user = user,
        .fd_limit_per_thread = 15 + connections,
    };

    pthread_mutex_lock(&contexts);
    lws_set_log_level(0, NULL);
    struct lws_context *context = lws_create_context(&info);

    pthread_mutex_unlock(&contexts);
    return context;
}

void websocket_context_free(struct lws_context *context)
{
    pthread_mutex_lock(&contexts);
    if (context)
        lws_context_destroy(context);
    pthread_mutex_unlock(&contexts);
}

bool websocket_address_connect(const struct websocket_address *address, struct lws_context *context,
                               void *user, struct lws **ret_connection)
{
    char path[PATH_ROOM], *host = address->host;
    size_t length = strlen(host);

    /* An address of IPv6 is in brackets. */
    if (length > 1 && host[0] == '[' && host[length - 1] == ']') {
        host[length - 1] = '\0';
        host++;
    }
    snprintf(path, sizeof(path), "%s%s%s", address->path, address->query ? "?" : "",
             address->query ? address->query : "");
    const struct lws_client_connect_info info = {
        .context = context,
        .address = host,
        .host = host,
        .port = address->port     ? (int)strtol(address->port, NULL, 10)
                : address->secure ? 443
                                  : 80,
        .path = path,
        .protocol = "binary",
        .ssl_connection = address->secure ? LCCSCF_USE_SSL : 0,
        .ietf_version_or_minus_one = -1,
        .userdata = user,
        .pwsi = ret_connection,
    };
    bool begun = lws_client_connect_via_info(&info) != NULL;

    explicit_bzero(path, sizeof(path)); /* the token is part of it */
    return begun;
}
