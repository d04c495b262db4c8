/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pair of interrupt controllers of a PC: Intel 8259A (datasheet 231468), master at 20h and slave at A0h,
 * the slave on IRQ2 of the master; and the edge/level registers 4D0h and 4D1h of the EISA and PCI chip sets.
 */
#ifndef MVM_VMM_DEV_PIC_H
#define MVM_VMM_DEV_PIC_H

#include <stdbool.h>
#include <stdint.h>

struct pic_chip {
    uint8_t irr, isr, imr;  /* requests, in service, masks */
    uint8_t lines;          /* levels of the IR0..IR7 inputs as they are now */
    uint8_t vector;         /* ICW2: the upper five bits of the vectors */
    uint8_t lowest;         /* the input of lowest priority: 7 unless rotated */
    uint8_t level;          /* inputs that are level-triggered */
    uint8_t icw;            /* the ICW that is expected next: 2, 3, 4; 0: none */
    uint8_t icw1, icw4;     /* as written */
    uint8_t read_isr, poll; /* OCW3: which register is read; the next read is a poll */
    uint8_t special_mask, rotate_on_aeoi;
};

struct pic {
    struct pic_chip chip[2]; /* master, slave */
    uint8_t reserved[4];
};

/* The state that the firmware leaves: vectors 08h and 70h, 8086 mode, edge-triggered, the masks as a BIOS
 * leaves them. */
void pic_reset(struct pic *pic);

/* True when every field is within its range: what a state from outside must fulfil. */
bool pic_is_sane(const struct pic *pic);

/* Ports 20h, 21h, A0h, A1h, 4D0h, 4D1h. */
uint8_t pic_read(struct pic *pic, uint16_t port);
void pic_write(struct pic *pic, uint16_t port, uint8_t value);

/* The level of input `irq`, 0 to 15 (never 2). A rising edge makes a request; a request whose line falls
 * before it was acknowledged becomes a spurious interrupt, as in the hardware. */
void pic_set_line(struct pic *pic, unsigned irq, bool level);

/* The level that was set last. */
static inline bool pic_line(const struct pic *pic, unsigned irq)
{
    return pic->chip[irq >> 3 & 1].lines >> (irq & 7) & 1;
}

/* The INT output of the master. */
bool pic_output(const struct pic *pic);

/* The CPU's acknowledge cycle: the vector. To be called when pic_output() is true; else it gives the spurious
 * vector. */
uint8_t pic_acknowledge(struct pic *pic);

#endif
