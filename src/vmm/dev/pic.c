/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm/dev/pic.h"

/* 8259A datasheet, figures 7 (ICWs) and 8 (OCWs). */
enum {
    ICW1 = 0x10,
    ICW1_IC4 = 0x01,
    ICW1_SINGLE = 0x02,
    ICW1_LEVEL = 0x08,
    ICW4_AEOI = 0x02,
    ICW4_SFNM = 0x10,
    OCW3 = 0x08,
    CASCADE = 2,
    SPURIOUS = 7,
};

void pic_reset(struct pic *pic)
{
    static const struct pic reset = {
        .chip = {
            {.vector = 0x08, .imr = 0xb8, .lowest = 7, .icw1 = 0x11, .icw4 = 0x01},
            {.vector = 0x70, .imr = 0x8e, .lowest = 7, .icw1 = 0x11, .icw4 = 0x01},
        }};

    *pic = reset;
}

bool pic_is_sane(const struct pic *pic)
{
    for (unsigned i = 0; i < 2; i++) {
        const struct pic_chip *chip = &pic->chip[i];

        if (chip->vector & 7 || chip->lowest > 7 || chip->level & (i ? 0x21 : 0x07) || chip->icw > 4 ||
            chip->icw == 1 || (chip->icw1 | chip->icw4) > 0x1f ||
            (chip->read_isr | chip->poll | chip->special_mask | chip->rotate_on_aeoi) > 1)
            return false;
    }
    return true;
}

/* The input of highest priority among `bits`; 8: none. */
static unsigned first_of(const struct pic_chip *chip, uint8_t bits)
{
    if (!bits)
        return 8;
    for (unsigned i = 1; i <= 8; i++)
        if (bits >> ((chip->lowest + i) & 7) & 1)
            return (chip->lowest + i) & 7;
    return 8;
}

/* How far behind the highest priority an input is: 0 to 7; 8 for none. */
static unsigned rank_of(const struct pic_chip *chip, unsigned input)
{
    return input == 8 ? 8 : (input - chip->lowest - 1) & 7;
}

/* The input whose interrupt the chip asks for now; 8: none. */
static unsigned wanted(const struct pic_chip *chip, bool master)
{
    uint8_t in_service = chip->isr;

    if (chip->icw)
        return 8; /* being initialised */
    if (chip->special_mask)
        in_service &= (uint8_t)~chip->imr; /* a masked input in service holds nobody back */
    unsigned request = first_of(chip, chip->irr & (uint8_t)~chip->imr);
    unsigned serving = first_of(chip, in_service);

    if (request == 8)
        return 8;
    if (rank_of(chip, request) < rank_of(chip, serving))
        return request;
    /* Special fully nested mode: the slave may interrupt itself through the master. */
    if (master && chip->icw4 & ICW4_SFNM && request == CASCADE && serving == CASCADE)
        return request;
    return 8;
}

/* The inputs that are level-triggered. */
static uint8_t levels_of(const struct pic_chip *chip)
{
    return chip->icw1 & ICW1_LEVEL ? 0xff : chip->level;
}

static void set_input(struct pic_chip *chip, unsigned input, bool level)
{
    uint8_t bit = (uint8_t)(1u << input);

    if (!level)
        chip->irr &= (uint8_t)~bit; /* a request must stay until it is acknowledged */
    else if (!(chip->lines & bit))
        chip->irr |= bit;
    chip->lines = (uint8_t)(level ? chip->lines | bit : chip->lines & ~bit);
}

/* Which inputs are levels has changed: those are as their lines are. */
static void sense_levels(struct pic_chip *chip)
{
    uint8_t levels = levels_of(chip);

    chip->irr = (uint8_t)((chip->irr & ~levels) | (chip->lines & levels));
}

static void update_cascade(struct pic *pic)
{
    set_input(&pic->chip[0], CASCADE, wanted(&pic->chip[1], false) != 8);
}

void pic_set_line(struct pic *pic, unsigned irq, bool level)
{
    if (pic_line(pic, irq) == level)
        return;
    set_input(&pic->chip[irq >> 3 & 1], irq & 7, level);
    if (irq & 8)
        update_cascade(pic);
}

bool pic_output(const struct pic *pic)
{
    return pic->chip[0].irr & (uint8_t)~pic->chip[0].imr && wanted(&pic->chip[0], true) != 8;
}

static void end_of_interrupt(struct pic_chip *chip, unsigned input, bool rotate)
{
    if (input == 8)
        return;
    chip->isr &= (uint8_t) ~(1u << input);
    if (rotate)
        chip->lowest = (uint8_t)input;
}

/* One chip's part of the acknowledge cycle: the input, or 8 when its request has gone. */
static unsigned acknowledge(struct pic_chip *chip, bool master)
{
    unsigned input = wanted(chip, master);

    if (input == 8)
        return 8;
    if (!(levels_of(chip) & 1u << input))
        chip->irr &= (uint8_t) ~(1u << input);
    if (chip->icw4 & ICW4_AEOI)
        end_of_interrupt(chip, input, chip->rotate_on_aeoi);
    else
        chip->isr |= (uint8_t)(1u << input);
    return input;
}

uint8_t pic_acknowledge(struct pic *pic)
{
    struct pic_chip *master = &pic->chip[0], *slave = &pic->chip[1];
    unsigned input = acknowledge(master, true);

    if (input == 8)
        return (uint8_t)(master->vector | SPURIOUS);
    if (input != CASCADE || master->icw1 & ICW1_SINGLE)
        return (uint8_t)(master->vector | input);
    input = acknowledge(slave, false);
    set_input(master, CASCADE, false);
    update_cascade(pic);
    return (uint8_t)(slave->vector | (input == 8 ? SPURIOUS : input));
}

static void write_ocw2(struct pic_chip *chip, uint8_t value)
{
    bool rotate = value & 0x80, specific = value & 0x40, eoi = value & 0x20;
    unsigned level = value & 7;
    uint8_t in_service = chip->isr;

    if (!eoi) {
        if (specific && rotate)
            chip->lowest = (uint8_t)level; /* set priority */
        else if (!specific)
            chip->rotate_on_aeoi = rotate;
        return;
    }
    if (chip->special_mask)
        in_service &= (uint8_t)~chip->imr;
    end_of_interrupt(chip, specific ? level : first_of(chip, in_service), rotate);
}

static void write_command(struct pic_chip *chip, uint8_t value)
{
    if (value & ICW1) {
        chip->icw1 = value & 0x1f;
        chip->icw = 2;
        chip->icw4 = 0;
        chip->imr = chip->isr = chip->irr = 0;
        chip->lowest = 7;
        chip->special_mask = chip->read_isr = chip->poll = chip->rotate_on_aeoi = 0;
        sense_levels(chip); /* edges that came before are forgotten, levels are not */
    } else if (value & OCW3) {
        if (value & 0x02)
            chip->read_isr = value & 1;
        chip->poll = value >> 2 & 1;
        if (value & 0x40)
            chip->special_mask = value >> 5 & 1;
    } else {
        write_ocw2(chip, value);
    }
}

static void write_data(struct pic_chip *chip, uint8_t value)
{
    switch (chip->icw) {
    case 2:
        chip->vector = value & 0xf8;
        chip->icw = chip->icw1 & ICW1_SINGLE ? (chip->icw1 & ICW1_IC4 ? 4 : 0) : 3;
        break;
    case 3: /* who is where: wired */
        chip->icw = chip->icw1 & ICW1_IC4 ? 4 : 0;
        break;
    case 4:
        chip->icw4 = value & 0x1f;
        chip->icw = 0;
        break;
    default:
        chip->imr = value;
    }
}

static struct pic_chip *chip_of(struct pic *pic, uint16_t port)
{
    return &pic->chip[port >= 0xa0 && port <= 0xa1 ? 1 : port == 0x4d1 ? 1 : 0];
}

void pic_write(struct pic *pic, uint16_t port, uint8_t value)
{
    struct pic_chip *chip = chip_of(pic, port);

    if (port >= 0x4d0) {
        /* IRQ 0, 1, 2, 8 and 13 are edges for ever. */
        chip->level = value & (port == 0x4d0 ? 0xf8 : 0xde);
        sense_levels(chip);
    } else if (port & 1)
        write_data(chip, value);
    else
        write_command(chip, value);
    update_cascade(pic);
}

/* The poll command: the next read acknowledges and tells the input (datasheet, "Poll Command"). */
static uint8_t poll(struct pic *pic, struct pic_chip *chip)
{
    unsigned input = acknowledge(chip, chip == &pic->chip[0]);

    chip->poll = 0;
    update_cascade(pic);
    return input == 8 ? 0 : (uint8_t)(0x80 | input);
}

uint8_t pic_read(struct pic *pic, uint16_t port)
{
    struct pic_chip *chip = chip_of(pic, port);

    if (port >= 0x4d0)
        return chip->level;
    if (chip->poll)
        return poll(pic, chip);
    if (port & 1)
        return chip->imr;
    return chip->read_isr ? chip->isr : chip->irr;
}
