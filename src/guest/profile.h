/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The named profiles of the guest `load`, and the lists of steps that they stand for. */
#ifndef MVM_GUEST_PROFILE_H
#define MVM_GUEST_PROFILE_H

#include <stddef.h>

struct load_profile {
    const char *name;
    const char *steps; /* SECONDS@PERCENT,..., repeated for ever */
    const char *summary;
};

/* All named profiles; `*ret_count` of them. */
const struct load_profile *load_profiles(size_t *ret_count);

#endif
