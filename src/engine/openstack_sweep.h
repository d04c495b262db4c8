/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Logging in with the engine's options, and removing what a run has left in a cloud. */
#ifndef MVM_ENGINE_OPENSTACK_SWEEP_H
#define MVM_ENGINE_OPENSTACK_SWEEP_H

#include "base/clock.h"
#include "engine/openstack_population.h"

/* How long Nova may take to remove servers: so many times the patience with its services. */
enum { OPENSTACK_SWEEP_PATIENCES = 5 };

int openstack_login(const struct openstack_options *options, struct cloud **ret_cloud, struct reason *reason);

/* As struct engine has it. */
int openstack_sweep(const void *options, const char *run_name, char *ret_words, size_t room,
                    struct reason *reason);

#endif
