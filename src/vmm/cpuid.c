/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm/cpuid.h"

enum { FEATURE_TSC = 1 << 4, FEATURE_MSR = 1 << 5, FEATURE_CX8 = 1 << 8, FEATURE_CMOV = 1 << 15 };

const struct cpuid_leaf cpuid_leaves[CPUID_LEAVES] = {
    {.eax = CPUID_LEAVES - 1, .ebx = 0x206d766d, .edx = 0x65363878, .ecx = 0x2020756d}, /* "mvm x86emu  " */
    {.eax = 0x600, /* family 6, as in DX at reset */
     .edx = FEATURE_TSC | FEATURE_MSR | FEATURE_CX8 | FEATURE_CMOV},
};
