/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "door/place.h"

#include "base/option.h"
#include "base/prefix.h"
#include "base/reason.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

static unsigned size_of(const struct place *place)
{
    return place->family == AF_INET ? 4 : 16;
}

static int wrong(enum place_kind kind, const char *text, struct reason *reason)
{
    if (kind == PLACE_TCP)
        return reason_set(
            reason, EINVAL,
            "--tcp takes ADDRESS/PREFIX:PORT, such as 127.0.0.0/8:9000 or [fd00::]/64:9000, not "
            "'%s'",
            text);
    return reason_set(reason, EINVAL,
                      "--http takes ADDRESS/PREFIX:PORT (127.0.0.0/8:8080, [fd00::]/64:8080), ADDRESS:PORT "
                      "(127.0.0.1:8080) or unix:PATH, not '%s'",
                      text);
}

static int parse_unix(struct place *place, const char *path, struct reason *reason)
{
    if (path[0] == '\0' || strlen(path) >= sizeof(place->path))
        return reason_set(reason, EINVAL, "the path of a Unix socket has 1 to %zu bytes, not %zu",
                          sizeof(place->path) - 1, strlen(path));
    place->family = AF_UNIX;
    snprintf(place->path, sizeof(place->path), "%s", path);
    return 0;
}

/* Takes a decimal number of at most `most` that ends at `end`. */
static bool take_number(const char *text, const char *end, uint64_t most, uint64_t *ret_number)
{
    uint64_t number = 0;

    if (text == end)
        return false;
    for (; text < end; text++) {
        if (*text < '0' || *text > '9')
            return false;
        number = number * 10 + (uint64_t)(*text - '0');
        if (number > most)
            return false;
    }
    *ret_number = number;
    return true;
}

int place_parse(enum place_kind kind, const char *text, struct place *ret_place, struct reason *reason)
{
    struct place place = {.kind = kind};
    char address[INET6_ADDRSTRLEN + 1], right[PLACE_TEXT_ROOM];
    const char *from = text, *end, *port = strrchr(text, ':');
    uint64_t number;

    if (kind == PLACE_HTTP && strncmp(text, "unix:", 5) == 0) {
        int error = parse_unix(&place, text + 5, reason);

        if (!error)
            *ret_place = place;
        return error;
    }
    place.family = AF_INET;
    if (*text == '[') {
        place.family = AF_INET6;
        from = text + 1;
        end = strchr(text, ']');
    } else {
        end = text + strcspn(text, "/:");
    }
    if (!end || !port || port < end || (size_t)(end - from) >= sizeof(address))
        return wrong(kind, text, reason);
    memcpy(address, from, (size_t)(end - from));
    address[end - from] = '\0';
    end += place.family == AF_INET6;
    if (inet_pton(place.family, address, place.first) != 1 ||
        !take_number(port + 1, port + strlen(port), UINT16_MAX, &number))
        return wrong(kind, text, reason);
    place.port = (uint16_t)number;
    place.bits = 8 * size_of(&place);
    place.by_address = kind == PLACE_TCP || *end == '/';
    if (*end == '/') {
        if (!take_number(end + 1, port, place.bits, &number))
            return wrong(kind, text, reason);
        place.bits = (unsigned)number;
    } else if (end != port) {
        return wrong(kind, text, reason);
    }
    if (prefix_cut(place.first, size_of(&place), place.bits)) {
        place_print(&place, right);
        return reason_set(reason, EINVAL,
                          "'%s' does not begin with the first address of its prefix; %s would be right", text,
                          right);
    }
    *ret_place = place;
    return 0;
}

bool place_is_loopback(const struct place *place)
{
    static const uint8_t one[16] = {[15] = 1};

    if (place->family == AF_INET)
        return place->bits >= 8 && place->first[0] == 127;
    return place->family == AF_UNIX || (place->bits == 128 && memcmp(place->first, one, 16) == 0);
}

bool place_needs_no_route(const struct place *place)
{
    return place->family == AF_UNIX || place->bits == 8 * size_of(place) ||
           (place->family == AF_INET && place->bits >= 8 && place->first[0] == 127);
}

bool place_vm(const struct place *place, const union place_socket_address *address, uint64_t *ret_vm)
{
    const uint8_t *bytes;
    unsigned size = size_of(place);
    uint64_t vm = 0;

    if (address->any.sa_family != place->family || place->family == AF_UNIX)
        return false;
    bytes = place->family == AF_INET ? (const uint8_t *)&address->v4.sin_addr
                                     : (const uint8_t *)&address->v6.sin6_addr;
    for (unsigned i = 0; i < size; i++) {
        unsigned kept = 8 * i >= place->bits ? 0 : place->bits - 8 * i;
        uint8_t mask = (uint8_t)(kept >= 8 ? 0xff : 0xff00u >> kept);

        if ((bytes[i] ^ place->first[i]) & mask)
            return false;
        if (vm >> 56)
            return false; /* no population has as many */
        vm = vm << 8 | (uint8_t)(bytes[i] & ~mask);
    }
    *ret_vm = vm;
    return true;
}

uint64_t place_addresses(const struct place *place)
{
    return prefix_addresses(size_of(place), place->bits);
}

socklen_t place_address(const struct place *place, uint64_t vm, union place_socket_address *ret_address)
{
    uint8_t bytes[16];
    unsigned size = size_of(place);

    memset(ret_address, 0, sizeof(*ret_address));
    ret_address->any.sa_family = (sa_family_t)place->family;
    if (place->family == AF_UNIX) {
        memcpy(ret_address->local.sun_path, place->path, sizeof(place->path));
        return sizeof(ret_address->local);
    }
    memcpy(bytes, place->first, size);
    prefix_count_on(bytes, size, vm);
    if (place->family == AF_INET) {
        memcpy(&ret_address->v4.sin_addr, bytes, size);
        ret_address->v4.sin_port = htons(place->port);
        return sizeof(ret_address->v4);
    }
    memcpy(&ret_address->v6.sin6_addr, bytes, size);
    ret_address->v6.sin6_port = htons(place->port);
    return sizeof(ret_address->v6);
}

void place_print_prefix(const struct place *place, char ret_text[PLACE_TEXT_ROOM])
{
    char address[INET6_ADDRSTRLEN] = "";

    if (place->family == AF_UNIX) {
        snprintf(ret_text, PLACE_TEXT_ROOM, "%s", place->path);
        return;
    }
    inet_ntop(place->family, place->first, address, sizeof(address));
    if (place->by_address)
        snprintf(ret_text, PLACE_TEXT_ROOM, "%s/%u", address, place->bits);
    else
        snprintf(ret_text, PLACE_TEXT_ROOM, "%s", address);
}

void place_print(const struct place *place, char ret_text[PLACE_TEXT_ROOM])
{
    char address[INET6_ADDRSTRLEN] = "", prefix[8] = "";

    if (place->family == AF_UNIX) {
        snprintf(ret_text, PLACE_TEXT_ROOM, "unix:%s", place->path);
        return;
    }
    inet_ntop(place->family, place->first, address, sizeof(address));
    if (place->by_address)
        snprintf(prefix, sizeof(prefix), "/%u", place->bits);
    snprintf(ret_text, PLACE_TEXT_ROOM, place->family == AF_INET ? "%s%s:%u" : "[%s]%s:%u", address, prefix,
             place->port);
}

void place_print_vm(const struct place *place, uint64_t vm, char ret_text[PLACE_TEXT_ROOM])
{
    union place_socket_address address;
    char text[INET6_ADDRSTRLEN] = "";

    place_address(place, vm, &address);
    inet_ntop(place->family,
              place->family == AF_INET ? (const void *)&address.v4.sin_addr
                                       : (const void *)&address.v6.sin6_addr,
              text, sizeof(text));
    snprintf(ret_text, PLACE_TEXT_ROOM, place->family == AF_INET ? "%s:%u" : "[%s]:%u", text, place->port);
}
