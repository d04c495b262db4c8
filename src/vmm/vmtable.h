/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is attached to some few of a worker's many VMs: a hash table from VM number to pointer, in one thread.
 */
#ifndef MVM_VMM_VMTABLE_H
#define MVM_VMM_VMTABLE_H

#include <stddef.h>
#include <stdint.h>

struct vmtable {
    struct vmtable_slot {
        uint32_t number;
        void *value; /* NULL: free */
    } * slots;
    size_t room; /* a power of two; 0 at first */
    size_t count;
};

/* Zeroed memory is an empty table. */
void vmtable_release(struct vmtable *table);

/* `value` is not NULL, and `number` not in the table. -ENOMEM: not added. */
int vmtable_add(struct vmtable *table, uint32_t number, void *value);

/* NULL: there is none. */
void *vmtable_get(const struct vmtable *table, uint32_t number);

/* Removes and returns it, or NULL. */
void *vmtable_take(struct vmtable *table, uint32_t number);

#endif
