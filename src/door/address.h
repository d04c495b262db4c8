/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a door is: a Unix socket in a directory, both ends; and the version of what is spoken there. */
#ifndef MVM_DOOR_ADDRESS_H
#define MVM_DOOR_ADDRESS_H

/* docs/control-protocol.md */
enum { DOOR_PROTOCOL = 1 };

/* A listening socket `name` in the open directory, mode 0600; a former one is replaced. -errno. */
int door_listen(int directory, const char *name, int backlog);

/* A connection to it, which is not nonblocking. -errno: -ECONNREFUSED when nobody listens any more. */
int door_connect(int directory, const char *name);

/* The same for who cannot wait, nonblocking. -EAGAIN: too many wait to be let in. */
int door_connect_at_once(int directory, const char *name);

#endif
