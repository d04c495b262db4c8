/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the two engines on top of src/vmm/ say alike: their counters, and why a console is not to be had. */
#ifndef MVM_ENGINE_VMM_ACCOUNT_H
#define MVM_ENGINE_VMM_ACCOUNT_H

#include "result/result.h"
#include "vmm/vmm.h"

#include <stdbool.h>

struct reason;

/* Sets the counters of a population. -ENOMEM. */
int vmm_account(const struct vmm_counts *counts, const struct store_usage *usage, bool is_kvm,
                struct result_counters *counters);

/* The sentence to what vmm_console_open() returned. */
int vmm_console_reason(int error, uint64_t vm, struct reason *reason);

#endif
