/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Several guests in one population: an engine made of another. Each guest has a population of its own of that
 * engine, which takes the options as if it were alone; VM numbers are dealt out to the guests
 * (engine/deal.h), so that the shares hold at any size. What every guest answers alike (asks, consoles, ends)
 * works as with the engine alone; saving and tracing do not.
 */
#ifndef MVM_ENGINE_MIX_H
#define MVM_ENGINE_MIX_H

#include "engine/engine.h"
#include "guest/mix.h"

struct mix;

/* `engine` (a variant already, if it has any), its `options` and `guests` outlive the mix. -ENOMEM. */
int mix_create(const struct engine *engine, const void *options, const struct guest_mix *guests,
               struct mix **ret_mix, struct reason *reason);
void mix_free(struct mix *mix); /* NULL is fine */

/* The engine, whose options are the mix itself. */
const struct engine *mix_engine(const struct mix *mix);
const struct guest_mix *mix_guests(const struct mix *mix);

/* Writes each guest's image into a directory; to be called before a population is opened. The name of part
 * `part` there is mix_file(). */
int mix_place(struct mix *mix, const char *directory, struct reason *reason);
const char *mix_file(const struct mix *mix, size_t part);

#endif
