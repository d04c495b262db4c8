/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Descriptors for other processes, over a Unix socket (SCM_RIGHTS; unix(7)). */
#ifndef MVM_ENGINE_HAND_H
#define MVM_ENGINE_HAND_H

/* Sends one byte and with it a descriptor, of which the receiver gets a copy. 0 or -errno. */
int hand_descriptor(int to, int descriptor);

#endif
