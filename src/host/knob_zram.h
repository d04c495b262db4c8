/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Swap on a compressed disk in memory (Linux Documentation/admin-guide/blockdev/zram.rst), for host/knob.c.
 */
#ifndef MVM_HOST_KNOB_ZRAM_H
#define MVM_HOST_KNOB_ZRAM_H

#include "host/knob.h"

struct reason;

/* Makes a further one of `size` ("512M"; "off" makes none) and swaps on it; `journal` NULL: only looks
 * whether that can be. As knob_set(). */
int knob_zram_set(struct knob_journal *journal, const char *root, const char *size, struct reason *reason);

#endif
