/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A guest's memory in an execution context, and the only way to it: every access is checked here.
 *
 * 640 KiB of RAM, video RAM at A0000h to BFFFFh, nothing at C0000h to EFFFFh, the ROM at F0000h to FFFFFh
 * (writes are ignored), and RAM from 1 MiB up to `size`. What is not there reads as FFh and takes writes
 * without effect. The memory differs from `base` (another whole memory, shared and never written) only in
 * lines of 64 bytes that are marked dirty.
 */
#ifndef MVM_VMM_MEMORY_H
#define MVM_VMM_MEMORY_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
    MEMORY_LINE = 64,
    MEMORY_LINE_SHIFT = 6,
    MEMORY_VIDEO = 0xa0000,
    MEMORY_HOLE = 0xc0000,
    MEMORY_ROM = 0xf0000,
    MEMORY_MIB = 0x100000,
    MEMORY_MOST = 16 * 0x100000,
};

struct memory {
    uint8_t *bytes;      /* `size` of them */
    const uint8_t *base; /* what they were made from */
    uint32_t size;       /* a multiple of 1 MiB, 1 to 16 */
    uint32_t a20_mask;   /* ANDed to each address: FFFFFFFFh or FFEFFFFFh */
    uint32_t dirty_count;
    uint32_t *dirty;      /* numbers of dirty lines, in no order, each once; room for all */
    uint64_t *dirty_bits; /* one bit a line */
};

static inline void memory_mark(struct memory *memory, uint32_t line)
{
    uint64_t bit = UINT64_C(1) << (line & 63);

    if (!(memory->dirty_bits[line >> 6] & bit)) {
        memory->dirty_bits[line >> 6] |= bit;
        memory->dirty[memory->dirty_count++] = line;
    }
}

/* Where `count` bytes from `address` on may be read or written as RAM in one go, or NULL: then go byte by
 * byte. The ROM counts as readable. `address` is after the A20 mask. */
static inline const uint8_t *memory_readable(const struct memory *memory, uint32_t address, uint32_t count)
{
    if (address < MEMORY_HOLE && address + count <= MEMORY_HOLE)
        return memory->bytes + address;
    if (address >= MEMORY_ROM && address < memory->size && count <= memory->size - address)
        return memory->bytes + address;
    return NULL;
}

static inline uint8_t *memory_writable(struct memory *memory, uint32_t address, uint32_t count)
{
    if ((address < MEMORY_HOLE && address + count <= MEMORY_HOLE) ||
        (address >= MEMORY_MIB && address < memory->size && count <= memory->size - address))
        return memory->bytes + address;
    return NULL;
}

static inline uint8_t memory_read8(const struct memory *memory, uint32_t address)
{
    const uint8_t *at = memory_readable(memory, address & memory->a20_mask, 1);

    return at ? *at : 0xff;
}

static inline void memory_write8(struct memory *memory, uint32_t address, uint8_t value)
{
    uint8_t *at;

    address &= memory->a20_mask;
    at = memory_writable(memory, address, 1);
    if (at) {
        *at = value;
        memory_mark(memory, address >> MEMORY_LINE_SHIFT);
    }
}

/* Where `count` bytes begin that do not go on into another MiB, which may be another one than the next when
 * A20 is off. */
static inline const uint8_t *memory_readable_at_once(const struct memory *memory, uint32_t address,
                                                     uint32_t count)
{
    address &= memory->a20_mask;
    return (address & (MEMORY_MIB - 1)) <= MEMORY_MIB - count ? memory_readable(memory, address, count)
                                                              : NULL;
}

/* Little-endian, any alignment; addresses wrap at 4 GiB. */
static inline uint16_t memory_read16(const struct memory *memory, uint32_t address)
{
    const uint8_t *at = memory_readable_at_once(memory, address, 2);
    uint16_t value;

    if (!at)
        return (uint16_t)(memory_read8(memory, address) | memory_read8(memory, address + 1) << 8);
    memcpy(&value, at, sizeof(value));
    return value;
}

static inline uint32_t memory_read32(const struct memory *memory, uint32_t address)
{
    const uint8_t *at = memory_readable_at_once(memory, address, 4);
    uint32_t value;

    if (!at)
        return memory_read16(memory, address) | (uint32_t)memory_read16(memory, address + 2) << 16;
    memcpy(&value, at, sizeof(value));
    return value;
}

static inline void memory_write16(struct memory *memory, uint32_t address, uint16_t value)
{
    uint32_t masked = address & memory->a20_mask;
    uint8_t *at = memory_writable(memory, masked, 2);

    if (at && (masked & (MEMORY_LINE - 1)) <= MEMORY_LINE - 2) {
        memcpy(at, &value, sizeof(value));
        memory_mark(memory, masked >> MEMORY_LINE_SHIFT);
        return;
    }
    memory_write8(memory, address, (uint8_t)value);
    memory_write8(memory, address + 1, (uint8_t)(value >> 8));
}

static inline void memory_write32(struct memory *memory, uint32_t address, uint32_t value)
{
    uint32_t masked = address & memory->a20_mask;
    uint8_t *at = memory_writable(memory, masked, 4);

    if (at && (masked & (MEMORY_LINE - 1)) <= MEMORY_LINE - 4) {
        memcpy(at, &value, sizeof(value));
        memory_mark(memory, masked >> MEMORY_LINE_SHIFT);
        return;
    }
    memory_write16(memory, address, (uint16_t)value);
    memory_write16(memory, address + 2, (uint16_t)(value >> 16));
}

#endif
