/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The firmware's disk, alone. */
#include "base/random.h"
#include "vmm/dev/disk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { SECTOR = 0xd00, STATUS = 0xd04, DATA = 0xd08, DRIVE = 0xd0c, SECTORS = 0xd10, SIZE = 3 * 512 };

static uint8_t bytes[SIZE];
static const struct disk_content content = {.bytes = bytes, .size = SIZE};

static void fill(void)
{
    struct random random = {.state = 512};

    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (uint8_t)random_next(&random);
}

static uint32_t little_endian(size_t at, unsigned count)
{
    uint32_t value = 0;

    for (unsigned i = 0; i < count; i++)
        value |= (uint32_t)(at + i < SIZE ? bytes[at + i] : 0xff) << (8 * i);
    return value;
}

static void reads(void **state)
{
    struct disk disk;

    (void)state;
    fill();
    disk_reset(&disk, 0x80);
    assert_int_equal(disk_read(&disk, &content, DRIVE, 1), 0x80);
    assert_int_equal(disk_read(&disk, &content, SECTORS, 4), 3);
    for (unsigned width = 1; width <= 4; width *= 2)
        for (uint32_t sector = 0; sector < 4; sector++) {
            disk_write(&disk, &content, SECTOR, 4, sector);
            assert_int_equal(disk_read(&disk, &content, STATUS, 1), sector < 3 ? 0 : 1);
            for (size_t at = sector * 512; at < SIZE + 64; at += width) {
                assert_true(disk_is_sane(&disk));
                assert_int_equal(disk_read(&disk, &content, DATA, width), little_endian(at, width));
            }
        }
    disk_reset(&disk, 0);
    assert_int_equal(disk_read(&disk, &content, DRIVE, 1), 0);
}

/* Sectors far outside, other widths, other ports: nothing but what is there is ever read. */
static void any_use(void **state)
{
    struct random random = {.state = 13};
    struct disk disk;

    (void)state;
    disk_reset(&disk, 0);
    for (unsigned i = 0; i < 300000; i++) {
        uint16_t port = (uint16_t)(0xd00 + random_below(&random, 20));
        unsigned width = 1u << random_below(&random, 3);
        struct disk before = disk;
        uint32_t value;

        switch (random_below(&random, 3)) {
        case 0:
            value = (uint32_t)(random_below(&random, 2) ? random_below(&random, 4) : random_next(&random));
            disk_write(&disk, &content, random_below(&random, 2) ? SECTOR : port, width, value);
            if (disk.sector != before.sector)
                assert_int_equal(width, 4);
            break;
        case 1:
            (void)disk_read(&disk, &content, port, width);
            break;
        default:
            value = disk_read(&disk, &content, DATA, width);
            assert_int_equal(value, little_endian((size_t)before.sector * 512 + before.offset, width));
        }
        assert_true(disk_is_sane(&disk));
    }
}

static void no_disk(void **state)
{
    const struct disk_content empty = {.bytes = NULL, .size = 0};
    struct disk disk;

    (void)state;
    disk_reset(&disk, 0);
    disk_write(&disk, &empty, SECTOR, 4, 0);
    assert_int_equal(disk_read(&disk, &empty, STATUS, 1), 1);
    assert_int_equal(disk_read(&disk, &empty, DATA, 4), 0xffffffff);
    assert_int_equal(disk_read(&disk, &empty, SECTORS, 4), 0);
    disk.offset = 512;
    assert_false(disk_is_sane(&disk));
    disk_reset(&disk, 1);
    assert_false(disk_is_sane(&disk));
    disk_reset(&disk, 0);
    disk.status = 2;
    assert_false(disk_is_sane(&disk));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads),
        cmocka_unit_test(any_use),
        cmocka_unit_test(no_disk),
    };

    return cmocka_run_group_tests_name("vmm_disk", tests, NULL, NULL);
}
