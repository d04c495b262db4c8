/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm/dev/disk.h"

enum {
    SECTOR = 512,
    PORT_SECTOR = 0x0d00,
    PORT_STATUS = 0x0d04,
    PORT_DATA = 0x0d08,
    PORT_DRIVE = 0x0d0c,
    PORT_SECTORS = 0x0d10,
    NO_SUCH_SECTOR = 1,
};

void disk_reset(struct disk *disk, uint8_t drive)
{
    *disk = (struct disk){.drive = drive};
}

bool disk_is_sane(const struct disk *disk)
{
    return disk->offset < SECTOR && disk->status <= NO_SUCH_SECTOR &&
           (disk->drive == 0 || disk->drive == 0x80);
}

static uint8_t next_byte(struct disk *disk, const struct disk_content *content)
{
    uint64_t at = (uint64_t)disk->sector * SECTOR + disk->offset;

    if (at >= content->size)
        return 0xff;
    if (++disk->offset == SECTOR) {
        disk->offset = 0;
        disk->sector++;
    }
    return content->bytes[at];
}

uint32_t disk_read(struct disk *disk, const struct disk_content *content, uint16_t port, unsigned bytes)
{
    uint32_t value = 0;

    switch (port) {
    case PORT_SECTOR:
        return disk->sector;
    case PORT_STATUS:
        return disk->status;
    case PORT_DATA:
        for (unsigned i = 0; i < bytes; i++)
            value |= (uint32_t)next_byte(disk, content) << (8 * i);
        return value;
    case PORT_DRIVE:
        return disk->drive;
    case PORT_SECTORS:
        return (uint32_t)(content->size / SECTOR);
    default:
        return UINT32_MAX;
    }
}

void disk_write(struct disk *disk, const struct disk_content *content, uint16_t port, unsigned bytes,
                uint32_t value)
{
    if (port != PORT_SECTOR || bytes != 4)
        return;
    disk->sector = value;
    disk->offset = 0;
    disk->status = value < content->size / SECTOR ? 0 : NO_SUCH_SECTOR;
}
