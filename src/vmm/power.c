/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The machine at reset: what the ROM's tables, the image and the devices' reset states make of it. */
#include "vmm/board.h"
#include "vmm/cpu.h"
#include "vmm/firmware/firmware.h"
#include "vmm/shard.h"

#include <string.h>

enum {
    VECTORS_SIZE = 0x400,
    BIOS_DATA = 0x400,
    BIOS_DATA_SIZE = 0x100,
    EBDA = 0x9fc00,
    TEXT = 0xb8000,
    TEXT_SIZE = 0x8000,
    BOOT_SECTOR = 0x7c00,
    SECTOR = 512,
    FAR_POINTER = 4,
    FAR_JUMP = 0xea,
    HARD_DISK = 0x80,
};

static void lay_bios_data(uint8_t *memory, uint8_t drive)
{
    memcpy(memory, firmware_rom + FIRMWARE_VECTORS, VECTORS_SIZE);
    memcpy(memory + BIOS_DATA, firmware_rom + FIRMWARE_BIOS_DATA, BIOS_DATA_SIZE);
    if (drive & HARD_DISK)
        memory[FIRMWARE_DISKS] = 1;
    else
        memory[FIRMWARE_EQUIPMENT] |= 1;
    memory[EBDA] = 1; /* its size in KiB */
}

static void clear_screen(uint8_t *memory)
{
    for (size_t i = TEXT; i < TEXT + TEXT_SIZE; i += 2) {
        memory[i] = ' ';
        memory[i + 1] = 0x07;
    }
}

/* The boot sector, and on its stack the way back. A sector without signature is not started: in its place is
 * a jump to where a boot sector that returns would go. */
static void lay_boot_sector(uint8_t *memory, const uint8_t *image)
{
    const uint8_t *failed = firmware_rom + FIRMWARE_BOOT_RETURN;

    memcpy(memory + BOOT_SECTOR, image, SECTOR);
    memcpy(memory + FIRMWARE_BOOT_STACK, failed, FAR_POINTER);
    if (image[SECTOR - 2] != 0x55 || image[SECTOR - 1] != 0xaa) {
        memory[BOOT_SECTOR] = FAR_JUMP;
        memcpy(memory + BOOT_SECTOR + 1, failed, FAR_POINTER);
    }
}

void shard_power_on(struct machine_state *state, uint8_t *memory, uint32_t memory_mib, const uint8_t *image,
                    uint8_t drive)
{
    static const struct context nothing;
    struct context context = nothing;

    memset(memory, 0, (size_t)memory_mib * MEMORY_MIB);
    memset(memory + MEMORY_HOLE, 0xff, MEMORY_ROM - MEMORY_HOLE);
    memcpy(memory + MEMORY_ROM, firmware_rom, sizeof(firmware_rom));
    lay_bios_data(memory, drive);
    clear_screen(memory);
    lay_boot_sector(memory, image);

    context.memory.size = memory_mib * MEMORY_MIB;
    board_reset(&context, drive);
    cpu_reset(&context.state.cpu);
    context.state.cpu.eip = FIRMWARE_RESET; /* past the jump at F000:FFF0 */
    *state = context.state;
}
