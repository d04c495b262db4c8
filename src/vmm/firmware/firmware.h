/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The BIOS of the machine: a ROM of 64 KiB at F0000h, assembled from the files of this folder
 * (docs/firmware.md lists its services).
 *
 * There is no power-on self test: what one would write to RAM is in the ROM as an image, which power.c lays
 * out before the CPU starts, so that all VMs share it and a boot takes a handful of instructions.
 */
#ifndef MVM_VMM_FIRMWARE_H
#define MVM_VMM_FIRMWARE_H

#include <stdint.h>

enum {
    FIRMWARE_SIZE = 0x10000,

    /* Offsets within the ROM of what belongs at 0000:0000 and 0040:0000. */
    FIRMWARE_VECTORS = 0x0000,
    FIRMWARE_BIOS_DATA = 0x0400,

    /* The offset of a far pointer to where a boot sector goes that returns, and the address at which the
     * stack of a boot sector starts, with that pointer as its first content (rom.asm: BOOT_STACK). */
    FIRMWARE_BOOT_RETURN = 0x0500,
    FIRMWARE_BOOT_STACK = 0x6f04,

    /* Where the CPU begins (reset.inc). */
    FIRMWARE_RESET = 0xffd0,

    /* In the BIOS data area: the equipment word, in which bit 0 says that there is a floppy drive, and the
     * number of hard disks. The image has neither. */
    FIRMWARE_EQUIPMENT = 0x0410,
    FIRMWARE_DISKS = 0x0475,

    /* In the ROM for a PC: where the image of 512 bytes belongs, which is zeros there (media.inc). */
    FIRMWARE_PC_IMAGE = 0xe000,
};

extern const uint8_t firmware_rom[FIRMWARE_SIZE];

/* The same services for a PC as QEMU's, which lays nothing out: the ROM itself does (power_on.inc), and it
 * has the image, as the one sector of a floppy. */
extern const uint8_t firmware_pc_rom[FIRMWARE_SIZE];

#endif
