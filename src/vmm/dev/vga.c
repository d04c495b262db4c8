/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm/dev/vga.h"

enum {
    RETRACE = 0x08,
    BLANK = 0x01,
    VERTICAL_END = 0x11,
    PROTECT = 0x80,
    OVERFLOW = 0x07,
    LINE_COMPARE = 0x10
};

void vga_reset(struct vga *vga)
{
    /* Mode 3 (IBM VGA technical reference): 80 by 25 cells of 9 by 16 dots, cursor in lines 14 and 15. */
    static const struct vga mode3 = {.crtc = {0x5f, 0x4f, 0x50, 0x82, 0x55, 0x81, 0xbf, 0x1f, 0x00,
                                              0x4f, 0x0d, 0x0e, 0x00, 0x00, 0x00, 0x00, 0x9c, 0x8e,
                                              0x8f, 0x28, 0x1f, 0x96, 0xb9, 0xa3, 0xff}};

    *vga = mode3;
}

uint8_t vga_read(struct vga *vga, uint16_t port, uint64_t now_ns)
{
    switch (port) {
    case 0x3d4:
        return vga->index;
    case 0x3d5:
        return vga->index < sizeof(vga->crtc) ? vga->crtc[vga->index] : 0;
    case 0x3da: /* 70 frames a second, with the retrace in a tenth of each; lines of 31.8 us, blanked in a
                   fifth */
        vga->attribute_flip = 0;
        return (uint8_t)((now_ns % 14268000 < 1400000 ? RETRACE | BLANK : 0) |
                         (now_ns % 31778 < 6000 ? BLANK : 0));
    default:
        return 0xff;
    }
}

static void write_crtc(struct vga *vga, uint8_t value)
{
    uint8_t *to = &vga->crtc[vga->index];

    /* The first eight registers can be protected, all but a bit of the line compare (IBM VGA technical
     * reference, "Vertical Retrace End Register"). */
    if (vga->index > OVERFLOW || !(vga->crtc[VERTICAL_END] & PROTECT))
        *to = value;
    else if (vga->index == OVERFLOW)
        *to = (uint8_t)((*to & ~LINE_COMPARE) | (value & LINE_COMPARE));
}

bool vga_is_sane(const struct vga *vga)
{
    return vga->attribute_flip <= 1;
}

void vga_write(struct vga *vga, uint16_t port, uint8_t value)
{
    if (port == 0x3d4)
        vga->index = value;
    else if (port == 0x3d5 && vga->index < sizeof(vga->crtc))
        write_crtc(vga, value);
    else if (port == 0x3c0)
        vga->attribute_flip ^= 1;
}
