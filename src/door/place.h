/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where VMs are reached from outside: an address and a port of this host, or a Unix socket, and how a
 * connection that comes there says which VM it means. By address, every VM has its own: VM n is the n-th of a
 * prefix, counted from 0. By path, the number stands in the request: /vm/NUMBER/...
 */
#ifndef MVM_DOOR_PLACE_H
#define MVM_DOOR_PLACE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

struct reason;

enum place_kind { PLACE_HTTP, PLACE_TCP };

enum { PLACE_TEXT_ROOM = 128 };

struct place {
    enum place_kind kind;
    bool by_address;
    int family;                                                /* AF_INET, AF_INET6 or AF_UNIX */
    uint8_t first[16];                                         /* the first address, of 4 or 16 bytes */
    unsigned bits;                                             /* of the prefix; 32 or 128: one address */
    uint16_t port;                                             /* 0 until the kernel has chosen one */
    char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)]; /* of the Unix socket */
};

union place_socket_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un local;
};

/*
 * Takes ADDRESS:PORT (by path), ADDRESS/PREFIX:PORT (by address) or unix:PATH (by path); an IPv6 address
 * stands in brackets. A place of PLACE_TCP is always by address; without a prefix it is that of VM 0 alone.
 * -EINVAL with a sentence.
 */
int place_parse(enum place_kind kind, const char *text, struct place *ret_place, struct reason *reason);

/* True when only processes of this host can ever send to it: 127.0.0.0/8 or a part, ::1, a Unix socket. */
bool place_is_loopback(const struct place *place);

/* True when the kernel takes the addresses for this host's own without a route: 127.0.0.0/8, and single
 * addresses, which are an interface's. */
bool place_needs_no_route(const struct place *place);

/* The VM that a local address belongs to; false when it is not in the prefix. */
bool place_vm(const struct place *place, const union place_socket_address *address, uint64_t *ret_vm);

/* How many addresses there are, at most 2^64 - 1. */
uint64_t place_addresses(const struct place *place);

/* The address and port of VM `vm`, which is below place_addresses(); of a place by path, its one. Returns the
 * size of the address. */
socklen_t place_address(const struct place *place, uint64_t vm, union place_socket_address *ret_address);

/* "127.0.0.0/8", "fd00::/64", "127.0.0.1", or the path; and with the port, as it is given. */
void place_print_prefix(const struct place *place, char ret_text[PLACE_TEXT_ROOM]);
void place_print(const struct place *place, char ret_text[PLACE_TEXT_ROOM]);
/* The address of VM `vm` with the port, for a URL: "127.0.0.7:8080", "[fd00::7]:8080". */
void place_print_vm(const struct place *place, uint64_t vm, char ret_text[PLACE_TEXT_ROOM]);

#endif
