/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is there of a VGA, alone. */
#include "vmm/dev/vga.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { INDEX = 0x3d4, DATA = 0x3d5, STATUS = 0x3da, ATTRIBUTE = 0x3c0 };

static uint8_t read_crtc(struct vga *vga, uint8_t index)
{
    vga_write(vga, INDEX, index);
    assert_int_equal(vga_read(vga, INDEX, 0), index);
    return vga_read(vga, DATA, 0);
}

static void write_crtc(struct vga *vga, uint8_t index, uint8_t value)
{
    vga_write(vga, INDEX, index);
    vga_write(vga, DATA, value);
}

static void registers(void **state)
{
    struct vga vga;

    (void)state;
    vga_reset(&vga);
    assert_true(vga_is_sane(&vga));
    assert_int_equal(read_crtc(&vga, 0x0a), 0x0d); /* the cursor's lines, 13 and 14 of 16 */
    assert_int_equal(read_crtc(&vga, 0x0b), 0x0e);
    assert_int_equal(read_crtc(&vga, 0x0e), 0x00);
    assert_int_equal(read_crtc(&vga, 0x01), 79);
    write_crtc(&vga, 0x0e, 0x07);
    write_crtc(&vga, 0x0f, 0xcf);
    assert_int_equal(read_crtc(&vga, 0x0e), 0x07);
    assert_int_equal(read_crtc(&vga, 0x0f), 0xcf);
    for (unsigned index = 0x19; index < 0x100; index++) { /* there are no more */
        struct vga before = vga;

        write_crtc(&vga, (uint8_t)index, 0x55);
        assert_int_equal(read_crtc(&vga, (uint8_t)index), 0);
        assert_memory_equal(vga.crtc, before.crtc, sizeof(vga.crtc));
    }
    assert_int_equal(vga_read(&vga, 0x3c9, 0), 0xff);
}

static void protection(void **state)
{
    struct vga vga;

    (void)state;
    vga_reset(&vga);
    for (uint8_t index = 0; index < 7; index++) {
        uint8_t before = read_crtc(&vga, index);

        write_crtc(&vga, index, (uint8_t)~before);
        assert_int_equal(read_crtc(&vga, index), before);
    }
    assert_int_equal(read_crtc(&vga, 0x07), 0x1f);
    write_crtc(&vga, 0x07, 0xe0);
    assert_int_equal(read_crtc(&vga, 0x07), 0x0f);
    write_crtc(&vga, 0x11, 0x0e);
    write_crtc(&vga, 0x07, 0xe0);
    write_crtc(&vga, 0x00, 0x12);
    assert_int_equal(read_crtc(&vga, 0x07), 0xe0);
    assert_int_equal(read_crtc(&vga, 0x00), 0x12);
}

/* Programs wait for the retrace to begin and to end. */
static void retrace(void **state)
{
    unsigned frames = 0, lines = 0, both = 0;
    uint8_t before = 0, now;
    struct vga vga;

    (void)state;
    vga_reset(&vga);
    for (uint64_t ns = 0; ns < 1000000000; ns += 1000) {
        now = vga_read(&vga, STATUS, ns);
        assert_int_equal(now & ~0x09, 0);
        frames += now & 0x08 && !(before & 0x08);
        lines += now & 0x01 && !(before & 0x01);
        both += now == 0x08; /* a retrace is within a blank */
        before = now;
    }
    assert_in_range(frames, 69, 72);
    assert_in_range(lines, 25000, 32000);
    assert_int_equal(both, 0);
}

static void attribute_port(void **state)
{
    struct vga vga, before;

    (void)state;
    vga_reset(&vga);
    before = vga;
    vga_write(&vga, ATTRIBUTE, 0x10);
    assert_int_equal(vga.attribute_flip, 1);
    (void)vga_read(&vga, STATUS, 0);
    assert_memory_equal(&vga, &before, sizeof(vga));
    vga_write(&vga, ATTRIBUTE, 0x10);
    vga_write(&vga, ATTRIBUTE, 0x0c);
    assert_memory_equal(&vga, &before, sizeof(vga));
    vga.attribute_flip = 2;
    assert_false(vga_is_sane(&vga));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registers),
        cmocka_unit_test(protection),
        cmocka_unit_test(retrace),
        cmocka_unit_test(attribute_port),
    };

    return cmocka_run_group_tests_name("vmm_vga", tests, NULL, NULL);
}
