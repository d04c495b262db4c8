/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where the readings of another host come from, as a URL: ssh://[USER@]HOST[:PORT][/PROGRAM], on which `mvm
 * sample` is run, or http[s]://HOST[:PORT][/PATH], a node_exporter of Prometheus. Names of hosts come from a
 * cloud, which is not trusted: what is let through can be no option and no word of a shell.
 */
#ifndef MVM_NODE_NODE_ADDRESS_H
#define MVM_NODE_NODE_ADDRESS_H

#include <stddef.h>

struct reason;

enum node_scheme { NODE_SSH, NODE_HTTP };

enum { NODE_URL_ROOM = 512, NODE_NAME_ROOM = 256 };

struct node_address {
    enum node_scheme scheme;
    char url[NODE_URL_ROOM]; /* as it is shown, and for HTTP as it is asked for; "/metrics" is its path when
                                none was given */
    char user[64];           /* of ssh; "" for none */
    char host[NODE_NAME_ROOM];
    char port[8];             /* "" for the scheme's own */
    char path[NODE_URL_ROOM]; /* of ssh: the program on that host; "" for "mvm" */
};

/* -EINVAL with a sentence; a URL with a password in it is refused, and not repeated. */
int node_address_parse(const char *url, struct node_address *ret_address, struct reason *reason);

/*
 * Words of --node-metrics: a URL in which {host} stands for the name of a host, at most one of them, or
 * NAME=URL for one host. node_words_check() says whether they are such; -EINVAL with a sentence.
 */
int node_words_check(const char *const *words, size_t count, struct reason *reason);

/* The address of the host `name`: that of its own word, else of the one for all. -ENOENT: there is none;
 * -EINVAL: the name cannot stand in a URL. */
int node_words_address(const char *const *words, size_t count, const char *name,
                       struct node_address *ret_address, struct reason *reason);

/* The name in a word NAME=URL, copied; NULL when it is for all hosts. Returns `ret_name`. */
const char *node_word_name(const char *word, char ret_name[NODE_NAME_ROOM]);

#endif
