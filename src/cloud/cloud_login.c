/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keystone v3: a token, and with the first one the catalogue. */
#include "cloud/cloud_private.h"

#include "base/reason.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* {"KEY": text}, and nothing for NULL. */
static void set_text(json_t *object, const char *key, const char *text)
{
    if (text)
        json_object_set_new(object, key, json_string(text));
}

/* A thing known by its id, or by its name within a domain. */
static json_t *named(const char *id, const char *name, const char *domain_id, const char *domain_name)
{
    json_t *object = json_object();

    if (id) {
        set_text(object, "id", id);
        return object;
    }
    set_text(object, "name", name);
    if (domain_id || domain_name)
        json_object_set_new(object, "domain", named(domain_id, domain_name, NULL, NULL));
    else
        json_object_set_new(object, "domain", json_pack("{s:s}", "id", "default"));
    return object;
}

static json_t *login_body(const struct cloud_credentials *c)
{
    json_t *user = named(c->user_id, c->username, c->user_domain_id, c->user_domain_name);

    if (c->application_credential_secret) {
        json_t *credential = json_object();

        set_text(credential, "secret", c->application_credential_secret);
        if (c->application_credential_id) {
            set_text(credential, "id", c->application_credential_id);
            json_decref(user);
        } else {
            set_text(credential, "name", c->application_credential_name);
            json_object_set_new(credential, "user", user);
        }
        return json_pack("{s:{s:{s:[s], s:o}}}", "auth", "identity", "methods", "application_credential",
                         "application_credential", credential);
    }
    set_text(user, "password", c->password);
    return json_pack("{s:{s:{s:[s], s:{s:o}}, s:{s:o}}}", "auth", "identity", "methods", "password",
                     "password", "user", user, "scope", "project",
                     named(c->project_id, c->project_name, c->project_domain_id, c->project_domain_name));
}

/* ".../v2" for Glance, whose address in catalogues has no version in most clouds. */
static bool has_version(const char *url)
{
    const char *last = strrchr(url, '/');

    return last && last[1] == 'v' && last[2] >= '1' && last[2] <= '9';
}

static int take_endpoint(struct cloud *cloud, enum cloud_service service, const char *url,
                         struct reason *reason)
{
    char text[1024];
    bool secure;
    size_t length = strlen(url);

    if (cloud->endpoints[service])
        return 0;
    while (length > 0 && url[length - 1] == '/')
        length--;
    if (length > 900 || !http_url_is_good(url, &secure))
        return reason_set(reason, EBADMSG,
                          "the catalogue of the cloud has an address that is no URL of http or https");
    if (cloud->secure && !secure)
        return reason_set(
            reason, EPERM,
            "Keystone is spoken to over TLS, but the catalogue has an address without it, to which no "
            "token is sent");
    snprintf(text, sizeof(text), "%.*s", (int)length, url);
    if (service == CLOUD_IMAGE && !has_version(text))
        strcat(text, "/v2");
    cloud->endpoints[service] = strdup(text);
    return cloud->endpoints[service] ? 0 : reason_set(reason, ENOMEM, "no memory for the catalogue");
}

static int take_catalogue(struct cloud *cloud, const json_t *catalogue, struct reason *reason)
{
    static const char *const types[CLOUD_SERVICES] = {"compute", "image", "placement"};
    const char *wanted = cloud->credentials.interface ? cloud->credentials.interface : "public";
    size_t i, k;
    const json_t *entry, *endpoint;

    json_array_foreach(catalogue, i, entry)
    {
        const char *type = json_string_value(json_object_get(entry, "type"));
        int service = 0;

        while (service < CLOUD_SERVICES && (!type || strcmp(types[service], type) != 0))
            service++;
        if (service == CLOUD_SERVICES)
            continue;
        json_array_foreach(json_object_get(entry, "endpoints"), k, endpoint)
        {
            const char *interface = json_string_value(json_object_get(endpoint, "interface")),
                       *region = json_string_value(json_object_get(endpoint, "region_id")),
                       *url = json_string_value(json_object_get(endpoint, "url"));
            const char *ours = cloud->credentials.region;

            if (!interface || !url || strcmp(interface, wanted) != 0 ||
                (ours && (!region || strcmp(region, ours) != 0)))
                continue;
            int error = take_endpoint(cloud, (enum cloud_service)service, url, reason);

            /* A cloud can do without Placement, though not with a token sent to it in the clear. */
            if (error && service != CLOUD_PLACEMENT)
                return error;
        }
    }
    for (int service = CLOUD_COMPUTE; service <= CLOUD_IMAGE; service++)
        if (!cloud->endpoints[service])
            return reason_set(reason, ENOENT,
                              "the cloud's catalogue has no %s address of a service '%s'%s%.100s", wanted,
                              types[service], cloud->credentials.region ? " in the region " : "",
                              cloud->credentials.region ? cloud->credentials.region : "");
    return 0;
}

/* Keystone's address with its version, which some leave out. */
static void auth_url(const struct cloud *cloud, char *ret_url, size_t room)
{
    const char *given = cloud->credentials.auth_url;
    int length = (int)strlen(given);

    while (length > 0 && given[length - 1] == '/')
        length--;
    snprintf(ret_url, room, "%.*s", length, given);
    snprintf(ret_url, room, "%.*s%s/auth/tokens", length, given, has_version(ret_url) ? "" : "/v3");
}

static int ask_keystone(struct cloud *cloud, struct http *http, struct http_answer *ret_answer,
                        struct reason *reason)
{
    struct http_request request = {.method = "POST", .repeatable = true, .cancelled = &cloud->cancelled};
    char url[2048];
    json_t *body = login_body(&cloud->credentials);
    char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
    bool unsure;

    json_decref(body);
    if (!text)
        return reason_set(reason, ENOMEM, "no memory for a request");
    auth_url(cloud, url, sizeof(url));
    request.url = url;
    request.headers[0] = "Content-Type: application/json";
    request.headers[1] = "Accept: application/json";
    request.body = text;
    request.body_length = strlen(text);
    int error = cloud_try(cloud, http, &request, ret_answer, &unsure, reason);

    explicit_bzero(text, strlen(text));
    free(text);
    return error;
}

static int get_token(struct cloud *cloud, struct http *http, struct reason *reason)
{
    struct http_answer answer = {0};
    json_t *json = NULL;
    int error = ask_keystone(cloud, http, &answer, reason);

    if (error)
        return error;
    if (answer.status != 201 && answer.status != 200) {
        /* Its words may hold what was sent, and the lock that blots out the token is held here. */
        error = reason_set(reason, answer.status == 401 ? EACCES : EINVAL, "%s (HTTP %d)",
                           answer.status == 401 ? "Keystone does not accept the credentials"
                                                : "Keystone gives no token",
                           answer.status);
    } else if (!answer.subject_token[0] || strpbrk(answer.subject_token, "\r\n")) {
        error = reason_set(reason, EBADMSG, "Keystone's answer has no token, or one that is too long");
    } else {
        error = cloud_parse("Keystone", &answer, &json, reason);
    }
    if (!error && cloud->token_number == 0)
        error = take_catalogue(cloud, json_object_get(json_object_get(json, "token"), "catalog"), reason);
    if (!error) {
        memcpy(cloud->token, answer.subject_token, sizeof(cloud->token));
        cloud->token_number++;
    }
    json_decref(json);
    explicit_bzero(answer.subject_token, sizeof(answer.subject_token));
    http_answer_release(&answer);
    return error;
}

int cloud_login(struct cloud *cloud, struct http *http, unsigned old, char ret_token[HTTP_TOKEN_ROOM],
                unsigned *ret_number, struct reason *reason)
{
    int error = 0;

    pthread_mutex_lock(&cloud->lock);
    if (cloud->token_number == old)
        error = get_token(cloud, http, reason);
    if (!error) {
        memcpy(ret_token, cloud->token, HTTP_TOKEN_ROOM);
        *ret_number = cloud->token_number;
    }
    pthread_mutex_unlock(&cloud->lock);
    return error;
}
