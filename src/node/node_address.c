/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "node/node_address.h"

#include "base/reason.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS  "0123456789"

static const char name_letters[] = LETTERS DIGITS "._-";
static const char address_letters[] = "0123456789abcdefABCDEF:.";
static const char program_letters[] = LETTERS DIGITS "._/-";
static const char path_letters[] = LETTERS DIGITS "._/-~%?&=+,:;!";

static const char placeholder[] = "{host}";

static bool is_of(const char *text, size_t length, const char *letters)
{
    return length > 0 && strspn(text, letters) >= length;
}

/* A name that no program takes for an option. */
static bool is_name(const char *text, size_t length)
{
    return is_of(text, length, name_letters) && text[0] != '-';
}

static int copy(char *ret_text, size_t room, const char *from, size_t length)
{
    if (length >= room)
        return -ENAMETOOLONG;
    memcpy(ret_text, from, length);
    ret_text[length] = '\0';
    return 0;
}

static const struct scheme {
    const char *begin;
    enum node_scheme scheme;
} schemes[] = {{"ssh://", NODE_SSH}, {"http://", NODE_HTTP}, {"https://", NODE_HTTP}};

static const struct scheme *scheme_of(const char *url)
{
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
        if (strncmp(url, schemes[i].begin, strlen(schemes[i].begin)) == 0)
            return &schemes[i];
    return NULL;
}

/* What stands before the host: a user, of ssh alone, and never a password. */
static int take_user(const char **at, size_t *length, struct node_address *address, struct reason *reason)
{
    const char *sign = memrchr(*at, '@', *length);
    size_t before = sign ? (size_t)(sign - *at) : 0;

    if (!sign)
        return 0;
    if (memchr(*at, ':', before) || address->scheme != NODE_SSH)
        return reason_set(reason, EINVAL,
                          "a URL of --node-metrics has no password and, of http, no user: they would be in "
                          "the result and in lists of processes");
    if (!is_name(*at, before) || copy(address->user, sizeof(address->user), *at, before) < 0)
        return reason_set(reason, EINVAL, "the user in a URL of --node-metrics is a name such as root");
    *at += before + 1;
    *length -= before + 1;
    return 0;
}

static int take_host(const char *at, size_t length, struct node_address *address, struct reason *reason)
{
    const char *end = at + length, *colon;
    int error;

    if (length > 0 && *at == '[') {
        const char *close = memchr(at, ']', length);

        if (!close || !is_of(at + 1, (size_t)(close - at - 1), address_letters))
            return reason_set(reason, EINVAL, "an address in brackets is one of IPv6, such as [::1]");
        error = copy(address->host, sizeof(address->host), at + 1, (size_t)(close - at - 1));
        colon = close + 1;
    } else {
        colon = memchr(at, ':', length);
        colon = colon ? colon : end;
        if (!is_name(at, (size_t)(colon - at)))
            return reason_set(reason, EINVAL,
                              "the name of a host has letters, digits, '.', '_' and '-', and does not begin "
                              "with '-'");
        error = copy(address->host, sizeof(address->host), at, (size_t)(colon - at));
    }
    if (error)
        return reason_set(reason, EINVAL, "the name of a host is longer than %d bytes", NODE_NAME_ROOM - 1);
    if (colon == end)
        return 0;
    if (*colon != ':' || !is_of(colon + 1, (size_t)(end - colon - 1), DIGITS) || end - colon > 6 ||
        strtoul(colon + 1, NULL, 10) == 0 || strtoul(colon + 1, NULL, 10) > 65535)
        return reason_set(reason, EINVAL, "the port in a URL of --node-metrics is 1 to 65535");
    copy(address->port, sizeof(address->port), colon + 1, (size_t)(end - colon - 1));
    return 0;
}

int node_address_parse(const char *url, struct node_address *ret_address, struct reason *reason)
{
    const struct scheme *scheme = scheme_of(url);
    struct node_address address = {.url = ""};

    if (!scheme)
        return reason_set(reason, EINVAL,
                          "--node-metrics takes a URL of ssh, http or https, such as ssh://root@{host} or "
                          "http://{host}:9100/metrics");
    const char *at = url + strlen(scheme->begin), *path = at + strcspn(at, "/?#");
    size_t length = (size_t)(path - at);

    address.scheme = scheme->scheme;
    int error = take_user(&at, &length, &address, reason);

    if (!error)
        error = take_host(at, length, &address, reason);
    if (error)
        return error;
    if (*path && !is_of(path, strlen(path), address.scheme == NODE_SSH ? program_letters : path_letters))
        return reason_set(reason, EINVAL,
                          address.scheme == NODE_SSH
                              ? "what follows the host in a URL of ssh is the path of mvm there, of letters, "
                                "digits, '.', '_', '-' and '/'"
                              : "the path in a URL of --node-metrics has a character that may not stand "
                                "there");
    bool bare = address.scheme == NODE_HTTP && (!*path || strcmp(path, "/") == 0);

    if ((size_t)snprintf(address.url, sizeof(address.url), "%.*s%s", (int)(path - url), url,
                         bare ? "/metrics" : path) >= sizeof(address.url))
        return reason_set(reason, EINVAL, "a URL of --node-metrics is longer than %d bytes",
                          NODE_URL_ROOM - 1);
    if (address.scheme == NODE_SSH && strcmp(path, "/") != 0)
        snprintf(address.path, sizeof(address.path), "%s", path);
    *ret_address = address;
    return 0;
}

/* Where the URL of a word begins. */
static const char *url_of(const char *word)
{
    const char *equals = strchr(word, '=');

    return !scheme_of(word) && equals ? equals + 1 : word;
}

const char *node_word_name(const char *word, char ret_name[NODE_NAME_ROOM])
{
    const char *url = url_of(word);

    if (url == word || copy(ret_name, NODE_NAME_ROOM, word, (size_t)(url - word - 1)) < 0)
        return NULL;
    return ret_name;
}

/* The URL with `name` for each {host}; -ENAMETOOLONG: no room. */
static int fill_in(const char *url, const char *name, char ret_url[NODE_URL_ROOM])
{
    size_t length = 0;

    for (const char *at = url; *at;) {
        const char *next = strstr(at, placeholder);
        size_t piece = next ? (size_t)(next - at) : strlen(at);
        int put =
            snprintf(ret_url + length, NODE_URL_ROOM - length, "%.*s%s", (int)piece, at, next ? name : "");

        if (put < 0 || (size_t)put >= NODE_URL_ROOM - length)
            return -ENAMETOOLONG;
        length += (size_t)put;
        at += piece + (next ? strlen(placeholder) : 0);
    }
    ret_url[length] = '\0';
    return 0;
}

static int check_word(const char *word, struct reason *reason)
{
    const char *url = url_of(word);
    struct node_address address;
    char filled[NODE_URL_ROOM] = "";

    if (url != word && (!is_name(word, (size_t)(url - word - 1)) || url - word > NODE_NAME_ROOM))
        return reason_set(
            reason, EINVAL,
            "--node-metrics takes NAME=URL, NAME being that of a host as the engine tells it, of "
            "letters, digits, '.', '_' and '-'");
    if (url == word && !strstr(word, placeholder))
        return reason_set(
            reason, EINVAL,
            "a URL of --node-metrics for all hosts has {host} in it, and one for a single host is "
            "NAME=URL");
    if (fill_in(url, "x", filled) < 0)
        return reason_set(reason, EINVAL, "a URL of --node-metrics is longer than %d bytes",
                          NODE_URL_ROOM - 1);
    return node_address_parse(filled, &address, reason);
}

int node_words_check(const char *const *words, size_t count, struct reason *reason)
{
    size_t for_all = 0;

    for (size_t i = 0; i < count; i++) {
        int error = check_word(words[i], reason);

        if (error)
            return error;
        size_t length = (size_t)(url_of(words[i]) - words[i]); /* with the '=' */

        for_all += length == 0;
        for (size_t j = 0; length > 0 && j < i; j++)
            if (url_of(words[j]) != words[j] && strncmp(words[i], words[j], length) == 0)
                return reason_set(reason, EINVAL, "--node-metrics names the host %.*s twice", (int)length - 1,
                                  words[i]);
    }
    return for_all > 1 ? reason_set(reason, EINVAL,
                                    "--node-metrics has one URL for all hosts; those of single hosts are "
                                    "NAME=URL")
                       : 0;
}

int node_words_address(const char *const *words, size_t count, const char *name,
                       struct node_address *ret_address, struct reason *reason)
{
    const char *chosen = NULL;
    char url[NODE_URL_ROOM] = "";
    size_t length = strlen(name);

    for (size_t i = 0; i < count; i++) {
        const char *from = url_of(words[i]);

        if (from == words[i])
            chosen = chosen ? chosen : from;
        else if ((size_t)(from - words[i] - 1) == length && strncmp(words[i], name, length) == 0) {
            chosen = from;
            break;
        }
    }
    if (!chosen)
        return reason_set(reason, ENOENT, "--node-metrics has no URL for the host %.100s", name);
    if (!is_name(name, length))
        return reason_set(
            reason, EINVAL,
            "a host's name has characters that may not stand in a URL, so that {host} cannot be "
            "it; name those that are to be read as NAME=URL");
    if (fill_in(chosen, name, url) < 0)
        return reason_set(reason, EINVAL, "the URL of the host %.100s is too long", name);
    return node_address_parse(url, ret_address, reason);
}
