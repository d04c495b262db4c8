/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The disk that the firmware reads: a paravirtual port, since no boot sector reaches the controller but
 * through int 13h.
 *
 *   0D00h  dword, write  the sector from which to read; the beginning of it
 *   0D04h  byte, read    0: ready; 1: no such sector
 *   0D08h  read          the next bytes, on into the sectors that follow; FFh behind the last one
 *   0D0Ch  byte, read    the boot drive: 00h floppy, 80h hard disk
 *   0D10h  dword, read   sectors of the disk
 */
#ifndef MVM_VMM_DEV_DISK_H
#define MVM_VMM_DEV_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct disk {
    uint32_t sector;
    uint16_t offset; /* of the next byte within the sector */
    uint8_t status;
    uint8_t drive; /* 00h or 80h */
};

struct disk_content { /* shared by all VMs, not state */
    const uint8_t *bytes;
    size_t size; /* a multiple of 512 */
};

void disk_reset(struct disk *disk, uint8_t drive);
/* True when every field is within its range: what a state from outside must fulfil. */
bool disk_is_sane(const struct disk *disk);
/* Bits above `bytes` bytes mean nothing. */
uint32_t disk_read(struct disk *disk, const struct disk_content *content, uint16_t port, unsigned bytes);
void disk_write(struct disk *disk, const struct disk_content *content, uint16_t port, unsigned bytes,
                uint32_t value);

#endif
