/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm/vmtable.h"

#include <errno.h>
#include <stdlib.h>

/* Fibonacci hashing (Knuth, TAOCP volume 3, 6.4). */
static size_t home(const struct vmtable *table, uint32_t number)
{
    return (size_t)(number * UINT64_C(11400714819323198485) >> 32) & (table->room - 1);
}

void vmtable_release(struct vmtable *table)
{
    free(table->slots);
    *table = (struct vmtable){0};
}

static void insert(struct vmtable *table, uint32_t number, void *value)
{
    size_t at = home(table, number);

    while (table->slots[at].value)
        at = (at + 1) & (table->room - 1);
    table->slots[at] = (struct vmtable_slot){number, value};
    table->count++;
}

static int widen(struct vmtable *table)
{
    struct vmtable wider = {.room = table->room ? table->room * 2 : 64};

    wider.slots = calloc(wider.room, sizeof(*wider.slots));
    if (!wider.slots)
        return -ENOMEM;
    for (size_t i = 0; i < table->room; i++)
        if (table->slots[i].value)
            insert(&wider, table->slots[i].number, table->slots[i].value);
    free(table->slots);
    *table = wider;
    return 0;
}

int vmtable_add(struct vmtable *table, uint32_t number, void *value)
{
    if (table->count * 2 >= table->room) {
        int error = widen(table);

        if (error)
            return error;
    }
    insert(table, number, value);
    return 0;
}

static size_t find(const struct vmtable *table, uint32_t number)
{
    if (table->count == 0)
        return table->room;
    for (size_t at = home(table, number); table->slots[at].value; at = (at + 1) & (table->room - 1))
        if (table->slots[at].number == number)
            return at;
    return table->room;
}

void *vmtable_get(const struct vmtable *table, uint32_t number)
{
    size_t at = find(table, number);

    return at < table->room ? table->slots[at].value : NULL;
}

void *vmtable_take(struct vmtable *table, uint32_t number)
{
    size_t at = find(table, number);

    if (at == table->room)
        return NULL;
    void *value = table->slots[at].value;

    /* What follows in the same cluster moves up, so that no search breaks off at the hole. */
    for (size_t hole = at;;) {
        at = (at + 1) & (table->room - 1);
        if (!table->slots[at].value) {
            table->slots[hole].value = NULL;
            break;
        }
        size_t wanted = home(table, table->slots[at].number);

        if (((at - wanted) & (table->room - 1)) >= ((at - hole) & (table->room - 1))) {
            table->slots[hole] = table->slots[at];
            hole = at;
        }
    }
    table->count--;
    return value;
}
