/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For comparison: a whole context for each VM, never packed. Its memory is what the packed form saves. */
#ifndef MVM_VMM_RESIDENT_H
#define MVM_VMM_RESIDENT_H

#include "vmm/machine.h"

struct resident;

/* `bench`: whose base 0 and template the contexts are made from. `limit_bytes` bounds what all contexts take;
 * 0: no bound. */
int resident_create(struct machine_bench *bench, const struct machine_base *base, uint64_t limit_bytes,
                    struct resident **ret_resident, struct reason *reason);
void resident_free(struct resident *resident);

/* Bytes that the contexts take now. */
uint64_t resident_bytes(const struct resident *resident);

/* Makes the context of the next VM, at reset; NULL: no memory, or the limit is reached. */
struct context *resident_add(struct resident *resident);
struct context *resident_context(struct resident *resident, uint32_t number);
/* The machine at reset again; the board is to be reset by the caller. */
void resident_reset(struct resident *resident, uint32_t number);
/* The VM has stopped. */
void resident_free_one(struct resident *resident, uint32_t number);

#endif
