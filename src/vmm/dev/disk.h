/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The disk that the firmware reads: a paravirtual port, since no boot sector reaches the controller but
 * through int 13h. 0D00h dword write: the sector from which to read      0D04h byte read: 0 ready, 1 no such
 * sector 0D08h read: the sector's bytes, in order              0D0Ch byte read: boot drive, 00h floppy or 80h
 * hard disk 0D10h dword read: sectors of the disk */
#ifndef MVM_VMM_DEV_DISK_H
#define MVM_VMM_DEV_DISK_H

#include <stddef.h>
#include <stdint.h>

struct disk {
    uint32_t sector;
    uint16_t offset; /* of the next byte within the sector; canonical: 0 when the sector was read through */
    uint8_t status;
    uint8_t drive; /* 00h or 80h */
};

struct disk_content { /* shared by all VMs, not state */
    const uint8_t *bytes;
    size_t size; /* a multiple of 512 */
};

void disk_reset(struct disk *disk, uint8_t drive);
uint32_t disk_read(struct disk *disk, const struct disk_content *content, uint16_t port, unsigned bytes);
void disk_write(struct disk *disk, const struct disk_content *content, uint16_t port, unsigned bytes,
                uint32_t value);

#endif
