/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a node_exporter of Debian said, for tests: in tests/unit/data/node/metrics. */
#ifndef MVM_TESTS_NODE_CAPTURE_H
#define MVM_TESTS_NODE_CAPTURE_H

#include <stddef.h>

extern char *capture;
extern size_t capture_length;

/* Around a group of tests. */
int capture_read(void **state);
int capture_drop(void **state);

/* The capture with the first `from`, which is there, replaced. malloc'd. */
char *capture_with(const char *from, const char *to);

#endif
