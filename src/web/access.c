/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "web/access.h"

#include "base/reason.h"

#include <arpa/inet.h>
#include <nettle/memops.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static int refuse(int status, struct reason *reason, const char *sentence)
{
    reason_set(reason, 0, "%s", sentence);
    return status;
}

/* An address, or localhost, and perhaps a port: any, since it may have been forwarded. */
static bool names_an_address(const char *host)
{
    char name[INET6_ADDRSTRLEN + 1];
    uint8_t address[16];
    bool brackets = host[0] == '[';
    size_t length = strcspn(host + brackets, brackets ? "]" : ":");
    const char *rest = host + brackets + length + (brackets && host[brackets + length] == ']');

    if (length == 0 || length >= sizeof(name) || (brackets && host[brackets + length] != ']'))
        return false;
    if (*rest != '\0' && (*rest != ':' || strspn(rest + 1, "0123456789") != strlen(rest + 1)))
        return false;
    memcpy(name, host + brackets, length);
    name[length] = '\0';
    return brackets ? inet_pton(AF_INET6, name, address) == 1
                    : inet_pton(AF_INET, name, address) == 1 || strcasecmp(name, "localhost") == 0;
}

static bool has_token(const struct request *request, const char *token)
{
    static const char scheme[] = "Bearer ";
    const char *given = request->authorization + sizeof(scheme) - 1;

    return strncasecmp(request->authorization, scheme, sizeof(scheme) - 1) == 0 &&
           strlen(given) == strlen(token) && memeql_sec(given, token, strlen(token));
}

/* A browser says on whose behalf it asks; other clients say nothing. */
static bool is_of_another_site(const struct request *request)
{
    static const char scheme[] = "http://";

    if (request->origin[0] && (strncmp(request->origin, scheme, sizeof(scheme) - 1) != 0 ||
                               strcasecmp(request->origin + sizeof(scheme) - 1, request->host) != 0))
        return true;
    return request->fetch_site[0] && strcmp(request->fetch_site, "same-origin") != 0 &&
           strcmp(request->fetch_site, "none") != 0;
}

int access_check(const struct request *request, enum access access, const char *token, struct reason *reason)
{
    if (request->repeated || request->too_long)
        return refuse(400, reason, "a header is there twice, or longer than it can be");
    if (!token && !names_an_address(request->host))
        return refuse(421, reason,
                      "this service is to be asked by its address, as in http://127.0.0.1:PORT/, or as "
                      "localhost; other names are not trusted");
    if (access == ACCESS_OPEN)
        return 0;
    if (is_of_another_site(request))
        return refuse(403, reason, "pages of other sites get nothing here");
    if (token && !has_token(request, token))
        return refuse(401, reason, "the run's token is needed: Authorization: Bearer TOKEN");
    /* No page of another site can send this header without asking first, and is told no. */
    if (access == ACCESS_TOUCH && strcmp(request->page, "1") != 0)
        return refuse(403, reason, "that takes the header X-Mvm-Page: 1");
    return 0;
}
