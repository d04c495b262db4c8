/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What services say: JSON with its types checked, and sentences for people without secrets. */
#include "cloud/cloud_private.h"

#include "base/reason.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORDS_ROOM = 400, ID_MOST = 64 };

static void blot(char *text, const char *secret)
{
    size_t length = secret ? strlen(secret) : 0;

    /* Short ones would blot out half of a sentence; nobody can guess from it that they stood there. */
    if (length < 4)
        return;
    for (char *at = text; (at = strstr(at, secret)); at += length)
        memset(at, '*', length);
}

void cloud_words(struct cloud *cloud, const char *words, char *ret_text, size_t room)
{
    char *text = strdup(words);

    ret_text[0] = '\0';
    if (!text)
        return;
    /* Before it is cut, so that no part of a secret is left at the end. */
    blot(text, cloud->credentials.password);
    blot(text, cloud->credentials.application_credential_secret);
    pthread_mutex_lock(&cloud->lock);
    blot(text, cloud->token);
    pthread_mutex_unlock(&cloud->lock);
    size_t to = 0;

    for (const char *at = text; *at && to + 1 < room; at++) {
        unsigned char byte = (unsigned char)*at;

        if (byte < ' ' || byte > '~')
            byte = ' ';
        if (byte != ' ' || (to > 0 && ret_text[to - 1] != ' '))
            ret_text[to++] = (char)byte;
    }
    ret_text[to] = '\0';
    free(text);
}

/* Where services put their sentence: {"WHAT": {"message": "..."}}, or {"errors": [{"detail": "..."}]}. */
static const char *message_of(const json_t *json)
{
    const json_t *errors = json_object_get(json, "errors"), *value;
    const char *detail = json_string_value(json_object_get(json_array_get(errors, 0), "detail")), *key;

    if (detail)
        return detail;
    json_object_foreach((json_t *)json, key, value)
    {
        const char *message = json_string_value(json_object_get(value, "message"));

        if (message)
            return message;
    }
    return NULL;
}

int cloud_refusal(struct cloud *cloud, const char *service, const struct http_answer *answer,
                  struct reason *reason)
{
    static const struct {
        int status, error;
    } meanings[] = {{401, EACCES}, {403, EPERM}, {404, ENOENT}, {409, EEXIST}, {429, EAGAIN}, {503, EAGAIN}};
    json_t *json = json_loadb(answer->body, answer->length, 0, NULL);
    const char *message = message_of(json);
    int error = answer->status >= 500 ? EIO : EINVAL;
    char words[WORDS_ROOM] = "";

    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
        if (meanings[i].status == answer->status)
            error = meanings[i].error;
    if (message)
        cloud_words(cloud, message, words, sizeof(words));
    json_decref(json);
    return reason_set(reason, error, "%s refuses (HTTP %d)%s%s", service, answer->status,
                      words[0] ? ": " : "", words);
}

int cloud_parse(const char *service, const struct http_answer *answer, json_t **ret_json,
                struct reason *reason)
{
    json_error_t where;

    *ret_json = NULL;
    if (answer->length == 0)
        return 0;
    *ret_json = json_loadb(answer->body, answer->length, JSON_REJECT_DUPLICATES, &where);
    if (!*ret_json)
        return reason_set(reason, EBADMSG, "the answer of %s is not JSON: it goes wrong at byte %d of %zu",
                          service, where.position, answer->length);
    return 0;
}

const char *cloud_text(const json_t *object, const char *key, const char *what, struct reason *reason)
{
    const json_t *value = json_object_get(object, key);

    if (!json_is_string(value))
        reason_set(reason, EBADMSG, "%s in the cloud's answer has no text '%s'", what, key);
    return json_string_value(value);
}

const char *cloud_id(const json_t *object, const char *key, const char *what, struct reason *reason)
{
    const char *text = cloud_text(object, key, what, reason);
    size_t length = text ? strlen(text) : 0;

    if (!text)
        return NULL;
    for (size_t i = 0; i < length; i++)
        if (!isalnum((unsigned char)text[i]) && text[i] != '-' && text[i] != '_')
            length = 0;
    if (length > 0 && length <= ID_MOST)
        return text;
    reason_set(reason, EBADMSG, "'%s' of %s in the cloud's answer is no id", key, what);
    return NULL;
}
