/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where VMs are found over HTTP, by one URL for all:
 *
 *     http://127.0.0.0/8:8080/          by address: VM n at the n-th address of the prefix
 *     http://127.0.0.1:8080/vm/{}/      by path: {} is the number of the VM
 *     http://[::1]:8080/page            one server, whichever VM is meant
 */
#ifndef MVM_LOAD_URL_H
#define MVM_LOAD_URL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct reason;

enum { URL_PATH_MOST = 2000, URL_HOST_ROOM = 256 };

struct load_url {
    struct sockaddr_storage address; /* of VM 0 */
    socklen_t address_length;
    bool by_address, by_path;
    uint64_t most_vms;        /* that it can tell apart; 1 where it is one server */
    char host[URL_HOST_ROOM]; /* for the header Host, with the port where it is not 80; unless by_address */
    char before[URL_PATH_MOST + 1], after[URL_PATH_MOST + 1]; /* the path around the number */
};

/* Names of hosts are looked up. -EINVAL with a sentence that says what a URL looks like; -ENOENT: no such
 * host.
 */
int load_url_parse(const char *text, struct load_url *ret_url, struct reason *reason);

/* True where the path can stand in the first line of a request. */
bool load_path_is_sound(const char *path);

/* The address of a VM; below most_vms. */
void load_url_address(const struct load_url *url, uint64_t vm, struct sockaddr_storage *ret_address);

/* The most bytes of a request, with a NUL. */
size_t load_url_request_room(const struct load_url *url);

/* Writes the GET request to a VM and returns its length. With `last` it asks for the connection to be closed.
 */
size_t load_url_request(const struct load_url *url, uint64_t vm, bool last, char *ret_text);

#endif
