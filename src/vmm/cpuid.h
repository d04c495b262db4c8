/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What CPUID tells on our machine, whichever CPU runs it: a Pentium Pro without a coprocessor. */
#ifndef MVM_VMM_CPUID_H
#define MVM_VMM_CPUID_H

#include <stdint.h>

struct cpuid_leaf {
    uint32_t eax, ebx, ecx, edx;
};

/* Leaf 0 and leaf 1. Any other number is answered with the last one (Intel SDM volume 2, CPUID). */
enum { CPUID_LEAVES = 2 };
extern const struct cpuid_leaf cpuid_leaves[CPUID_LEAVES];

#endif
