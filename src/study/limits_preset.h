/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rows that `mvm limits` knows by a name. */
#ifndef MVM_STUDY_LIMITS_PRESET_H
#define MVM_STUDY_LIMITS_PRESET_H

#include "study/limits_matrix.h"

/* "table1", "table2": the 2013 study's; "ladder"; NULL-terminated. */
extern const char *const limits_preset_names[];

enum { LIMITS_PRESET_ROWS = 16, LIMITS_PRESET_TEXT = 1024 };

struct limits_preset {
    struct limits_given rows[LIMITS_PRESET_ROWS];
    char labels[LIMITS_PRESET_ROWS][LIMITS_LABEL], words[LIMITS_PRESET_ROWS][LIMITS_PRESET_TEXT];
    size_t count;
    bool ladder;
};

/*
 * Makes the rows of that name for this host. KVM rows of the tables run natively where the processor has KVM
 * itself, and else in the laboratory. Rungs of the ladder whose QEMU has not been built (`make qemu-lean`)
 * say so in `absent`.
 */
void limits_preset_make(struct limits_preset *ret_preset, const char *name);

#endif
