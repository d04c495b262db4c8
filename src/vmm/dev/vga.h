/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a text-mode program touches of a VGA: the index and data ports 3D4h/3D5h (CRTC registers 00h to 18h,
 * of which the cursor's shape and place, 0Ah, 0Bh, 0Eh, 0Fh, and the start address, 0Ch, 0Dh, mean something
 * here) and the status register 3DAh, whose retrace bits alternate with time. The page itself is guest memory
 * at B8000h. */
#ifndef MVM_VMM_DEV_VGA_H
#define MVM_VMM_DEV_VGA_H

#include <stdbool.h>
#include <stdint.h>

struct vga {
    uint8_t index;
    uint8_t attribute_flip; /* port 3C0h: address or data next; 3DAh resets it */
    uint8_t crtc[25];
    uint8_t reserved[5];
};

void vga_reset(struct vga *vga);
/* True when every field is within its range: what a state from outside must fulfil. */
bool vga_is_sane(const struct vga *vga);
uint8_t vga_read(struct vga *vga, uint16_t port, uint64_t now_ns);
void vga_write(struct vga *vga, uint16_t port, uint8_t value);

#endif
