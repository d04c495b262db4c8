/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The machine at reset: what the ROM's tables, the image and the devices' reset states make of it. */
#include "vmm/board.h"
#include "vmm/cpu.h"
#include "vmm/firmware/firmware.h"
#include "vmm/shard.h"

#include <string.h>

enum {
    VECTORS = 0x400,
    BIOS_DATA = 0x400,
    BIOS_DATA_SIZE = 0x100,
    BOOT_SECTOR = 0x7c00,
    SECTOR = 512,
    HARD_DISK = 0x80
};

void shard_power_on(struct machine_state *state, uint8_t *memory, uint32_t memory_mib, const uint8_t *image,
                    uint8_t drive)
{
    static const struct context nothing;
    struct context context = nothing;

    memset(memory, 0, (size_t)memory_mib * MEMORY_MIB);
    memcpy(memory + MEMORY_ROM, firmware_rom, sizeof(firmware_rom));
    memcpy(memory, firmware_rom + FIRMWARE_VECTORS, VECTORS);
    memcpy(memory + BIOS_DATA, firmware_rom + FIRMWARE_BIOS_DATA, BIOS_DATA_SIZE);
    for (size_t i = MEMORY_VIDEO + 0x18000; i < MEMORY_VIDEO + 0x18000 + 80 * 25 * 2; i += 2) {
        memory[i] = ' ';
        memory[i + 1] = 0x07;
    }
    memset(memory + MEMORY_HOLE, 0xff, MEMORY_ROM - MEMORY_HOLE);
    memcpy(memory + BOOT_SECTOR, image, SECTOR);
    memcpy(memory + FIRMWARE_BOOT_STACK, firmware_rom + FIRMWARE_BOOT_RETURN, 4);
    if (drive & HARD_DISK)
        memory[FIRMWARE_DISKS] = 1;
    else
        memory[FIRMWARE_EQUIPMENT] |= 1;

    context.memory.size = memory_mib * MEMORY_MIB;
    board_reset(&context, drive);
    cpu_reset(&context.state.cpu);
    *state = context.state;
}
