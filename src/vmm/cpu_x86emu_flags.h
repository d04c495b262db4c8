/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The arithmetic flags of results of 1, 2 or 4 bytes (Intel SDM volume 1, 3.4.3.1). */
#ifndef MVM_VMM_CPU_X86EMU_FLAGS_H
#define MVM_VMM_CPU_X86EMU_FLAGS_H

#include <stdbool.h>
#include <stdint.h>
#include <x86emu.h>

enum { FLAGS_ARITHMETIC = F_CF | F_PF | F_AF | F_ZF | F_SF | F_OF };

static inline uint32_t width_mask(unsigned size)
{
    return size == 4 ? UINT32_MAX : (1u << 8 * size) - 1;
}

static inline uint32_t flags_in_common(uint32_t a, uint32_t b, uint32_t result, unsigned size)
{
    uint32_t top = (width_mask(size) >> 1) + 1;

    return (__builtin_parity(result & 0xff) ? 0u : F_PF) | ((a ^ b ^ result) & 0x10 ? F_AF : 0u) |
           (result ? 0u : F_ZF) | (result & top ? F_SF : 0u);
}

/* Of a + b + carry. */
static inline uint32_t sum_flags(uint32_t a, uint32_t b, uint32_t carry, unsigned size)
{
    uint32_t width = width_mask(size), top = (width >> 1) + 1;

    a &= width;
    b &= width;
    uint64_t sum = (uint64_t)a + b + carry;
    uint32_t result = (uint32_t)sum & width;

    return flags_in_common(a, b, result, size) | (sum > width ? F_CF : 0u) |
           (~(a ^ b) & (a ^ result) & top ? F_OF : 0u);
}

/* Of a - b - borrow. */
static inline uint32_t difference_flags(uint32_t a, uint32_t b, uint32_t borrow, unsigned size)
{
    uint32_t width = width_mask(size), top = (width >> 1) + 1, result = (a - b - borrow) & width;

    a &= width;
    b &= width;
    return flags_in_common(a, b, result, size) | (a < (uint64_t)b + borrow ? F_CF : 0u) |
           ((a ^ b) & (a ^ result) & top ? F_OF : 0u);
}

/* Of AND, OR, XOR and TEST: those of the result, and OF, CF and AF clear. */
static inline uint32_t logic_flags(uint32_t result, unsigned size)
{
    result &= width_mask(size);
    return (__builtin_parity(result & 0xff) ? 0u : F_PF) | (result ? 0u : F_ZF) |
           (result >> (8 * size - 1) & 1 ? F_SF : 0u);
}

/* The conditions of Jcc (Intel SDM volume 1, appendix B); odd ones are the even ones' opposites. */
static inline bool condition_holds(uint32_t flags, unsigned condition)
{
    static const uint32_t masks[8] = {F_OF, F_CF, F_ZF, F_CF | F_ZF, F_SF, F_PF, 0, F_ZF};
    bool differs = condition >= 12 && !(flags & F_SF) != !(flags & F_OF);

    return ((flags & masks[condition >> 1]) || differs) != (condition & 1);
}

#endif
