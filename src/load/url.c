/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "load/url.h"

#include "base/option.h"
#include "base/prefix.h"
#include "base/reason.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static int refuse(const char *text, const char *what, struct reason *reason)
{
    return reason_set(reason, EINVAL,
                      "%s in '%.200s'; such a URL is http://ADDRESS[:PORT]/PATH, with {} in the path for the "
                      "number of the VM, or http://ADDRESS/PREFIX:PORT/PATH for an address for each VM",
                      what, text);
}

/* The bytes of an address, the first of which is the highest. */
static uint8_t *address_bytes(struct sockaddr_storage *address, size_t *ret_count)
{
    if (address->ss_family == AF_INET6) {
        *ret_count = 16;
        return ((struct sockaddr_in6 *)address)->sin6_addr.s6_addr;
    }
    *ret_count = 4;
    return (uint8_t *)&((struct sockaddr_in *)address)->sin_addr;
}

static void set_port(struct sockaddr_storage *address, uint16_t port)
{
    if (address->ss_family == AF_INET6)
        ((struct sockaddr_in6 *)address)->sin6_port = htons(port);
    else
        ((struct sockaddr_in *)address)->sin_port = htons(port);
}

static uint16_t get_port(const struct sockaddr_storage *address)
{
    return ntohs(address->ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)address)->sin6_port
                                                : ((const struct sockaddr_in *)address)->sin_port);
}

static int look_up(const char *host, struct load_url *url, struct reason *reason)
{
    const struct addrinfo hints = {
        .ai_socktype = SOCK_STREAM,
        .ai_flags = MVM_STATIC ? AI_NUMERICHOST : 0,
    };
    struct addrinfo *found;
    int error = getaddrinfo(host, NULL, &hints, &found);

    /* To look up a name the C library loads others, of just its own version. */
    if (error == EAI_NONAME && MVM_STATIC)
        return reason_set(
            reason, ENOENT,
            "the host '%.200s' is a name, which this static build cannot look up: give its address", host);
    if (error)
        return reason_set(reason, ENOENT, "the host '%.200s' cannot be found: %s", host, gai_strerror(error));
    memcpy(&url->address, found->ai_addr, found->ai_addrlen);
    url->address_length = found->ai_addrlen;
    freeaddrinfo(found);
    return 0;
}

/* How many addresses there are below a prefix, which the address is cut to. */
static int set_prefix(struct load_url *url, uint64_t bits)
{
    size_t count;
    uint8_t *bytes = address_bytes(&url->address, &count);

    if (bits > 8 * count)
        return -EINVAL;
    prefix_cut(bytes, count, (unsigned)bits);
    uint64_t addresses = prefix_addresses(count, (unsigned)bits);

    url->by_address = true;
    url->most_vms = addresses < UINT64_C(1) << 63 ? addresses : UINT64_C(1) << 63;
    return 0;
}

/* A number of digits alone at `*at`, which is moved behind it. */
static bool take_number(const char **at, uint64_t most, uint64_t *ret_number)
{
    size_t digits = strspn(*at, "0123456789");
    char text[8];

    if (digits == 0 || digits >= sizeof(text))
        return false;
    memcpy(text, *at, digits);
    text[digits] = '\0';
    *at += digits;
    return parse_count(text, ret_number) == 0 && *ret_number <= most;
}

static bool take_host(const char **at, char *ret_host, size_t room)
{
    const char *from = *at, *end;

    if (*from == '[') {
        from++;
        end = strchr(from, ']');
        *at = end ? end + 1 : from;
    } else {
        end = from + strcspn(from, ":/?#");
        *at = end;
    }
    if (!end || end == from || (size_t)(end - from) >= room)
        return false;
    memcpy(ret_host, from, (size_t)(end - from));
    ret_host[end - from] = '\0';
    return true;
}

bool load_path_is_sound(const char *path)
{
    if (path[0] != '/' || strlen(path) > URL_PATH_MOST)
        return false;
    for (const char *at = path; *at; at++)
        if (*at <= ' ' || *at > '~' || *at == '#')
            return false;
    return true;
}

static int take_path(const char *path, const char *text, struct load_url *url, struct reason *reason)
{
    const char *number = strstr(path, "{}");

    if (*path == '\0')
        path = "/";
    if (!load_path_is_sound(path))
        return refuse(text, "the path cannot be sent as it is", reason);
    if (number && strstr(number + 2, "{}"))
        return refuse(text, "there is more than one {}", reason);
    if (number && url->by_address)
        return refuse(text, "VMs are named twice, by address and by {},", reason);
    snprintf(url->before, sizeof(url->before), "%.*s", (int)(number ? number - path : URL_PATH_MOST), path);
    snprintf(url->after, sizeof(url->after), "%s", number ? number + 2 : "");
    url->by_path = number;
    if (number)
        url->most_vms = UINT64_C(1) << 63;
    return 0;
}

int load_url_parse(const char *text, struct load_url *ret_url, struct reason *reason)
{
    const char *at = text, *prefix;
    char host[URL_HOST_ROOM - 16];
    uint64_t bits = 0, port = 80;
    struct load_url url = {.most_vms = 1};

    if (strncmp(text, "http://", 7) != 0)
        return refuse(text, "there is no http:// at the beginning", reason);
    at += 7;
    if (!take_host(&at, host, sizeof(host)))
        return refuse(text, "there is no address", reason);
    /* A prefix is known by the port behind it; else it is the beginning of a path. */
    prefix = at + 1;
    bool by_address = *at == '/' && take_number(&prefix, 9999, &bits) && *prefix == ':';

    if (by_address)
        at = prefix;
    if (*at == ':' && (at++, !take_number(&at, UINT16_MAX, &port) || port == 0))
        return refuse(text, "there is no port from 1 to 65535 behind the colon", reason);
    if (*at != '\0' && *at != '/')
        return refuse(text, "the path does not begin with /", reason);
    int error = look_up(host, &url, reason);

    if (error)
        return error;
    if (by_address && set_prefix(&url, bits) < 0)
        return refuse(text, "the prefix is longer than the address", reason);
    set_port(&url.address, (uint16_t)port);
    const char *colon = strchr(host, ':');

    snprintf(url.host, sizeof(url.host), "%s%s%s", colon ? "[" : "", host, colon ? "]" : "");
    if (port != 80)
        snprintf(url.host + strlen(url.host), sizeof(url.host) - strlen(url.host), ":%u", (unsigned)port);
    error = take_path(at, text, &url, reason);
    if (!error)
        *ret_url = url;
    return error;
}

void load_url_address(const struct load_url *url, uint64_t vm, struct sockaddr_storage *ret_address)
{
    size_t count;

    *ret_address = url->address;
    if (!url->by_address)
        return;
    uint8_t *bytes = address_bytes(ret_address, &count);

    prefix_count_on(bytes, count, vm);
}

size_t load_url_request_room(const struct load_url *url)
{
    return strlen(url->before) + strlen(url->after) + URL_HOST_ROOM + 128;
}

size_t load_url_request(const struct load_url *url, uint64_t vm, bool last, char *ret_text)
{
    char number[24] = "", host[URL_HOST_ROOM], name[INET6_ADDRSTRLEN];
    size_t count;

    if (url->by_path)
        snprintf(number, sizeof(number), "%llu", (unsigned long long)vm);
    if (url->by_address) {
        struct sockaddr_storage address;
        bool six = url->address.ss_family == AF_INET6;

        load_url_address(url, vm, &address);
        inet_ntop(address.ss_family, address_bytes(&address, &count), name, sizeof(name));
        snprintf(host, sizeof(host), "%s%s%s:%u", six ? "[" : "", name, six ? "]" : "", get_port(&address));
    }
    return (size_t)snprintf(ret_text, load_url_request_room(url), "GET %s%s%s HTTP/1.1\r\nHost: %s\r\n%s\r\n",
                            url->before, number, url->after, url->by_address ? host : url->host,
                            last ? "Connection: close\r\n" : "");
}
