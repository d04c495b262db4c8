/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/qemu_firmware.h"

#include "vmm/firmware/firmware.h"

#include <string.h>

static void make_rom(const struct image *image, uint8_t rom[FIRMWARE_SIZE])
{
    memcpy(rom, firmware_pc_rom, FIRMWARE_SIZE);
    memcpy(rom + FIRMWARE_PC_IMAGE, image->bytes, IMAGE_SIZE);
}

bool qemu_firmware_is_minimal(const char *firmware)
{
    return firmware && strcmp(firmware, QEMU_FIRMWARE_MINIMAL) == 0;
}

void qemu_firmware_sha256(const struct image *image, char ret_text[SHA256_TEXT_ROOM])
{
    uint8_t rom[FIRMWARE_SIZE];

    make_rom(image, rom);
    sha256_text(rom, sizeof(rom), ret_text);
}

int qemu_firmware_write(const struct image *image, const char *path, struct reason *reason)
{
    uint8_t rom[FIRMWARE_SIZE];

    make_rom(image, rom);
    return file_replace(path, rom, sizeof(rom), reason);
}
