/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For comparison: a whole context for each VM, never packed. Its memory is what the packed form saves. */
#ifndef MVM_VMM_RESIDENT_H
#define MVM_VMM_RESIDENT_H

#include "vmm/machine.h"

struct resident;

/* `bench`: whose base 0 and template the contexts are made from. */
int resident_create(struct machine_bench *bench, const struct machine_base *base,
                    struct resident **ret_resident, struct reason *reason);
void resident_free(struct resident *resident);

/* Makes the context of the next VM, at reset; NULL: no memory. */
struct context *resident_add(struct resident *resident);
struct context *resident_context(struct resident *resident, uint32_t number);
/* The machine at reset again; the board is to be reset by the caller. */
void resident_reset(struct resident *resident, uint32_t number);
/* The VM has stopped. */
void resident_free_one(struct resident *resident, uint32_t number);

#endif
