/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The pair of 8259As, alone: scripts of what is written, what happens on the lines, what is read, and which
 * vector an acknowledge cycle gives; after the datasheet (Intel 231468). And random use, against a second
 * model of the priorities. */
#include "base/random.h"
#include "vmm/dev/pic.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { MASTER = 0x20, MASTER_DATA = 0x21, SLAVE = 0xa0, SLAVE_DATA = 0xa1, ELCR1 = 0x4d0, ELCR2 = 0x4d1 };
enum {
    EOI = 0x20,
    EOI_OF = 0x60,
    ROTATE_EOI = 0xa0,
    ROTATE_EOI_OF = 0xe0,
    SET_LOWEST = 0xc0,
    ROTATE_AEOI_ON = 0x80,
    ROTATE_AEOI_OFF = 0x00,
    POLL = 0x0c,
    READ_IRR = 0x0a,
    READ_ISR = 0x0b,
    SPECIAL_MASK = 0x68,
    NORMAL_MASK = 0x48,
};

enum op { END, WRITE, READ, UP, DOWN, QUIET, WANTS, ACK };

struct step {
    enum op op;
    unsigned a, b; /* port and value; line; vector */
};

struct script {
    const char *name;
    struct step steps[60];
};

/* clang-format off */
#define W(port, value) {WRITE, port, value}
#define R(port, value) {READ, port, value}
#define LINE_UP(irq) {UP, irq, 0}
#define LINE_DOWN(irq) {DOWN, irq, 0}
/* An edge, and INT is up: acknowledged with this vector. */
#define TAKE(vector) {WANTS, 0, 0}, {ACK, vector, 0}
#define NO_INT {QUIET, 0, 0}
#define UNMASK W(MASTER_DATA, 0), W(SLAVE_DATA, 0)
#define DATA(chip, value) W((chip) + 1, value)
#define INIT(chip, icw1, vector, icw4) W(chip, icw1), DATA(chip, vector), DATA(chip, 2), DATA(chip, icw4)

static const struct script scripts[] = {
    {"as the firmware leaves it", {R(MASTER_DATA, 0xb8), R(SLAVE_DATA, 0x8e), R(MASTER, 0), R(SLAVE, 0),
      R(ELCR1, 0), R(ELCR2, 0), NO_INT, LINE_UP(0), TAKE(0x08), W(MASTER, EOI), LINE_UP(8), TAKE(0x70),
      NO_INT}},
    {"an edge asks once, and again only after the line fell", {UNMASK, LINE_UP(4), TAKE(0x0c),
      W(MASTER, EOI), NO_INT, LINE_UP(4), NO_INT, LINE_DOWN(4), NO_INT, LINE_UP(4), TAKE(0x0c)}},
    {"a request whose line fell is gone", {UNMASK, LINE_UP(4), R(MASTER, 0x10), LINE_DOWN(4), R(MASTER, 0),
      NO_INT}},
    {"acknowledged too late it is the spurious IRQ7, which is not in service", {UNMASK, {ACK, 0x0f, 0},
      W(MASTER, READ_ISR), R(MASTER, 0), NO_INT}},
    {"a real IRQ7 is in service", {UNMASK, LINE_UP(7), TAKE(0x0f), W(MASTER, READ_ISR), R(MASTER, 0x80)}},
    {"masks hold requests back and keep them", {W(MASTER_DATA, 0xff), LINE_UP(3), NO_INT, R(MASTER, 0x08),
      W(MASTER_DATA, 0xf7), TAKE(0x0b), R(MASTER, 0)}},
    {"IRR and ISR are read as chosen, and the choice stays", {UNMASK, LINE_UP(1), LINE_UP(5),
      R(MASTER, 0x22), TAKE(0x09), R(MASTER, 0x20), W(MASTER, READ_ISR), R(MASTER, 0x02), R(MASTER, 0x02),
      W(MASTER, EOI), R(MASTER, 0), W(MASTER, READ_IRR), R(MASTER, 0x20), R(MASTER_DATA, 0)}},
    {"fully nested: higher ones interrupt, lower and equal ones wait", {UNMASK, LINE_UP(4), TAKE(0x0c),
      LINE_UP(6), NO_INT, LINE_UP(1), TAKE(0x09), LINE_UP(0), TAKE(0x08), LINE_DOWN(4), LINE_UP(4), NO_INT,
      W(MASTER, READ_ISR), R(MASTER, 0x13), W(MASTER, EOI), R(MASTER, 0x12), W(MASTER, EOI), R(MASTER, 0x10),
      NO_INT, W(MASTER, EOI), TAKE(0x0c), W(MASTER, EOI), TAKE(0x0e), W(MASTER, EOI), NO_INT}},
    {"all at once, in order", {UNMASK, LINE_UP(7), LINE_UP(6), LINE_UP(5), LINE_UP(4), LINE_UP(3),
      LINE_UP(1), LINE_UP(0), TAKE(0x08), W(MASTER, EOI), TAKE(0x09), W(MASTER, EOI), TAKE(0x0b),
      W(MASTER, EOI), TAKE(0x0c), W(MASTER, EOI), TAKE(0x0d), W(MASTER, EOI), TAKE(0x0e), W(MASTER, EOI),
      TAKE(0x0f), W(MASTER, EOI), NO_INT}},
    {"a specific EOI ends that one", {UNMASK, LINE_UP(4), TAKE(0x0c), LINE_UP(1), TAKE(0x09),
      W(MASTER, EOI_OF + 4), W(MASTER, READ_ISR), R(MASTER, 0x02), W(MASTER, EOI_OF + 5), R(MASTER, 0x02),
      W(MASTER, EOI_OF + 1), R(MASTER, 0)}},
    {"an EOI with nothing in service does nothing", {UNMASK, W(MASTER, EOI), W(MASTER, ROTATE_EOI),
      LINE_UP(0), LINE_UP(7), TAKE(0x08)}},
    {"rotation on EOI: who was served is last", {UNMASK, LINE_UP(4), LINE_UP(6), TAKE(0x0c),
      W(MASTER, ROTATE_EOI), LINE_DOWN(4), LINE_UP(4), LINE_UP(0), TAKE(0x0e), W(MASTER, ROTATE_EOI),
      TAKE(0x08), W(MASTER, EOI), TAKE(0x0c)}},
    {"rotation on a specific EOI", {UNMASK, LINE_UP(3), TAKE(0x0b), W(MASTER, ROTATE_EOI_OF + 3), LINE_UP(0),
      LINE_UP(4), TAKE(0x0c)}},
    {"set priority", {UNMASK, W(MASTER, SET_LOWEST + 5), LINE_UP(0), LINE_UP(5), LINE_UP(6), TAKE(0x0e),
      NO_INT}},
    {"set priority changes who may interrupt whom", {UNMASK, LINE_UP(3), TAKE(0x0b), LINE_UP(5), NO_INT,
      W(MASTER, SET_LOWEST + 4), TAKE(0x0d)}},
    {"automatic EOI", {INIT(MASTER, 0x11, 0x20, 0x03), W(MASTER_DATA, 0), LINE_UP(6), TAKE(0x26),
      W(MASTER, READ_ISR), R(MASTER, 0), LINE_UP(7), TAKE(0x27), NO_INT}},
    {"automatic EOI with rotation, on and off", {INIT(MASTER, 0x11, 0x20, 0x03), W(MASTER_DATA, 0),
      W(MASTER, ROTATE_AEOI_ON), LINE_UP(1), TAKE(0x21), LINE_DOWN(1), LINE_UP(1), LINE_UP(5), TAKE(0x25),
      TAKE(0x21), W(MASTER, ROTATE_AEOI_OFF), LINE_DOWN(5), LINE_UP(5), LINE_UP(3), TAKE(0x23), TAKE(0x25),
      LINE_UP(0), LINE_UP(7), TAKE(0x27), TAKE(0x20)}},
    {"special mask: a masked one in service holds nobody back", {UNMASK, LINE_UP(1), TAKE(0x09), LINE_UP(5),
      NO_INT, W(MASTER_DATA, 0x02), NO_INT, W(MASTER, SPECIAL_MASK), TAKE(0x0d), W(MASTER, NORMAL_MASK),
      LINE_UP(4), NO_INT}},
    {"special mask: the plain EOI does not end a masked one", {UNMASK, LINE_UP(1), TAKE(0x09),
      W(MASTER_DATA, 0x02), W(MASTER, SPECIAL_MASK), LINE_UP(5), TAKE(0x0d), W(MASTER, EOI),
      W(MASTER, READ_ISR), R(MASTER, 0x02), W(MASTER, EOI), R(MASTER, 0x02), W(MASTER, EOI_OF + 1),
      R(MASTER, 0)}},
    {"OCW3 without its enabling bits changes neither the register read nor the mask mode", {UNMASK,
      W(MASTER, READ_ISR), W(MASTER, SPECIAL_MASK), W(MASTER, 0x28), LINE_UP(1), TAKE(0x09), R(MASTER, 0x02),
      W(MASTER_DATA, 0x02), LINE_UP(6), TAKE(0x0e)}},
    {"poll: acknowledges and tells", {UNMASK, LINE_UP(3), W(MASTER, POLL), R(MASTER, 0x83), NO_INT,
      W(MASTER, READ_ISR), R(MASTER, 0x08), LINE_UP(6), W(MASTER, POLL), R(MASTER, 0x00), LINE_UP(1),
      W(MASTER, POLL), R(MASTER, 0x81), R(MASTER, 0x0a)}},
    {"poll of a masked one tells nothing", {W(MASTER_DATA, 0xff), LINE_UP(3), W(MASTER, POLL),
      R(MASTER, 0)}},
    {"poll by the other port, and taken back", {UNMASK, LINE_UP(3), W(MASTER, POLL), R(MASTER_DATA, 0x83),
      R(MASTER_DATA, 0), LINE_UP(1), W(MASTER, POLL), W(MASTER, 0x08), R(MASTER, 0x02)}},
    {"cascade: the slave is IRQ2", {UNMASK, LINE_UP(8), R(MASTER, 0x04), R(SLAVE, 0x01), TAKE(0x70),
      W(MASTER, READ_ISR), W(SLAVE, READ_ISR), R(MASTER, 0x04), R(SLAVE, 0x01), LINE_UP(12), NO_INT,
      LINE_UP(3), NO_INT, LINE_UP(1), TAKE(0x09), W(MASTER, EOI), W(SLAVE, EOI), NO_INT, W(MASTER, EOI),
      TAKE(0x74), W(SLAVE, EOI), W(MASTER, EOI), TAKE(0x0b)}},
    {"cascade: a higher one of the slave waits for the master's EOI", {UNMASK, LINE_UP(12), TAKE(0x74),
      LINE_UP(8), NO_INT, W(MASTER, EOI), TAKE(0x70), W(SLAVE, EOI), W(MASTER, EOI), NO_INT,
      W(SLAVE, READ_ISR), R(SLAVE, 0x10)}},
    {"special fully nested: it does not", {INIT(MASTER, 0x11, 0x08, 0x11), UNMASK, LINE_UP(12), TAKE(0x74),
      LINE_UP(14), NO_INT, LINE_UP(3), NO_INT, LINE_UP(8), TAKE(0x70), W(SLAVE, READ_ISR), R(SLAVE, 0x11),
      W(SLAVE, EOI), W(SLAVE, EOI), R(SLAVE, 0), W(MASTER, EOI), TAKE(0x76), W(SLAVE, EOI), W(MASTER, EOI),
      TAKE(0x0b)}},
    {"masking the slave's request takes IRQ2 back", {UNMASK, LINE_UP(8), R(MASTER, 0x04),
      W(SLAVE_DATA, 0x01), R(MASTER, 0x00), NO_INT, W(SLAVE_DATA, 0), TAKE(0x70)}},
    {"masking IRQ2 holds all of the slave back", {UNMASK, W(MASTER_DATA, 0x04), LINE_UP(8), NO_INT,
      W(MASTER_DATA, 0), TAKE(0x70)}},
    {"poll of the slave takes its request from the master", {UNMASK, LINE_UP(9), W(SLAVE, POLL),
      R(SLAVE, 0x81), NO_INT, R(MASTER, 0)}},
    {"poll of the master tells of IRQ2, then the slave is polled", {UNMASK, LINE_UP(9), W(MASTER, POLL),
      R(MASTER, 0x82), W(SLAVE, POLL), R(SLAVE, 0x81), W(MASTER, READ_ISR), R(MASTER, 4), NO_INT}},
    {"two of the slave, one after the other", {UNMASK, LINE_UP(8), LINE_UP(9), TAKE(0x70), W(SLAVE, EOI),
      W(MASTER, EOI), TAKE(0x71), W(SLAVE, EOI), W(MASTER, EOI), NO_INT}},
    {"levels: asks as long as the line is up", {UNMASK, W(ELCR1, 0x20), R(ELCR1, 0x20), LINE_UP(5),
      TAKE(0x0d), R(MASTER, 0x20), NO_INT, W(MASTER, EOI), TAKE(0x0d), LINE_DOWN(5), W(MASTER, EOI), NO_INT,
      R(MASTER, 0)}},
    {"levels: some lines are edges for ever", {W(ELCR1, 0xff), W(ELCR2, 0xff), R(ELCR1, 0xf8),
      R(ELCR2, 0xde)}},
    {"levels on the slave", {UNMASK, W(ELCR2, 0x02), LINE_UP(9), TAKE(0x71), W(SLAVE, EOI), W(MASTER, EOI),
      TAKE(0x71), LINE_DOWN(9), W(SLAVE, EOI), W(MASTER, EOI), NO_INT}},
    {"a line that is up when it becomes a level asks", {UNMASK, LINE_UP(5), TAKE(0x0d), W(MASTER, EOI),
      NO_INT, W(ELCR1, 0x20), TAKE(0x0d)}},
    {"ICW1's level bit makes all of a chip levels", {INIT(MASTER, 0x19, 0x08, 0x01), UNMASK, LINE_UP(1),
      TAKE(0x09), W(MASTER, EOI), TAKE(0x09), LINE_DOWN(1), W(MASTER, EOI), NO_INT}},
    {"initialisation: vectors, masks cleared, the slave's apart", {INIT(MASTER, 0x11, 0x50, 0x01),
      R(MASTER_DATA, 0), INIT(SLAVE, 0x11, 0x5f, 0x01), R(SLAVE_DATA, 0), LINE_UP(1), TAKE(0x51),
      W(MASTER, EOI), LINE_UP(15), TAKE(0x5f)}},
    {"initialisation forgets edges, service, rotation and modes; lines that are up do not ask again",
      {UNMASK, LINE_UP(3), LINE_UP(5), TAKE(0x0b), W(MASTER, SET_LOWEST + 3), W(MASTER, SPECIAL_MASK),
      W(MASTER, READ_ISR), INIT(MASTER, 0x11, 0x08, 0x01), R(MASTER, 0), W(MASTER, READ_ISR), R(MASTER, 0),
      NO_INT, LINE_UP(7), LINE_UP(0), TAKE(0x08), W(MASTER, EOI), TAKE(0x0f), W(MASTER, EOI), NO_INT,
      LINE_DOWN(5), LINE_UP(5), TAKE(0x0d)}},
    {"initialisation keeps levels: one that is up asks again", {UNMASK, W(ELCR1, 0x20), LINE_UP(5),
      TAKE(0x0d), INIT(MASTER, 0x11, 0x08, 0x01), R(ELCR1, 0x20), TAKE(0x0d)}},
    {"no interrupt while the words are not all there", {UNMASK, W(MASTER, 0x11), LINE_UP(1), NO_INT,
      W(MASTER_DATA, 0x30), NO_INT, W(MASTER_DATA, 0x04), NO_INT, W(MASTER_DATA, 0x01), TAKE(0x31)}},
    {"without ICW4, and alone: fewer words", {W(MASTER, 0x10), W(MASTER_DATA, 0x30), W(MASTER_DATA, 0x04),
      W(MASTER_DATA, 0xfd), R(MASTER_DATA, 0xfd), LINE_UP(1), TAKE(0x31), W(MASTER, 0x12),
      W(MASTER_DATA, 0x40), W(MASTER_DATA, 0xfb), R(MASTER_DATA, 0xfb), W(MASTER, 0x13),
      W(MASTER_DATA, 0x48), W(MASTER_DATA, 0x03), W(MASTER_DATA, 0xdf), R(MASTER_DATA, 0xdf), LINE_UP(5),
      TAKE(0x4d), W(MASTER, READ_ISR), R(MASTER, 0)}},
    {"without ICW4 its modes are off", {INIT(MASTER, 0x11, 0x08, 0x03), W(MASTER, 0x10),
      W(MASTER_DATA, 0x08), W(MASTER_DATA, 0x04), LINE_UP(1), TAKE(0x09), W(MASTER, READ_ISR),
      R(MASTER, 0x02)}},
    {"a command in the middle of the words begins anew", {W(MASTER, 0x11), W(MASTER_DATA, 0x30),
      W(MASTER, 0x11), W(MASTER_DATA, 0x38), W(MASTER_DATA, 0x04), W(MASTER_DATA, 0x01), LINE_UP(1),
      TAKE(0x39)}},
    {"the slave's own spurious one: IRQ2 is in service, nothing of the slave is", {UNMASK,
      INIT(SLAVE, 0x11, 0x70, 0x01), LINE_UP(10), W(MASTER, POLL), R(MASTER, 0x82), W(MASTER, READ_ISR),
      R(MASTER, 0x04), W(SLAVE_DATA, 0x04), W(SLAVE, READ_ISR), R(SLAVE, 0), NO_INT, W(MASTER, EOI),
      NO_INT}},
};
/* clang-format on */

static void play(const struct script *script)
{
    struct pic pic;

    pic_reset(&pic);
    for (const struct step *step = script->steps; step->op != END; step++) {
        unsigned got = step->b, want = step->b;

        switch (step->op) {
        case WRITE:
            pic_write(&pic, (uint16_t)step->a, (uint8_t)step->b);
            break;
        case READ:
            got = pic_read(&pic, (uint16_t)step->a);
            break;
        case UP:
        case DOWN:
            pic_set_line(&pic, step->a, step->op == UP);
            break;
        case QUIET:
        case WANTS:
            got = pic_output(&pic);
            want = step->op == WANTS;
            break;
        default:
            want = step->a;
            got = pic_acknowledge(&pic);
        }
        if (got != want)
            fail_msg("%s: step %d: %#x, not %#x", script->name, (int)(step - script->steps), got, want);
        assert_true(pic_is_sane(&pic));
    }
}

static void scripts_play(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++)
        play(&scripts[i]);
}

/* A second model, of edge-triggered, fully nested, unrotated controllers with plain EOIs: lists instead of
 * bits. Random lines, masks and acknowledges; both say the same. */
struct model {
    bool line[16], asks[16], served[16], masked[16];
};

static int model_first(const struct model *model, unsigned chip)
{
    for (unsigned i = 0; i < 8; i++) {
        if (model->served[chip * 8 + i])
            return -1;
        if (!model->masked[chip * 8 + i] && model->asks[chip * 8 + i])
            return (int)i;
    }
    return -1;
}

static void model_cascade(struct model *model)
{
    bool up = model_first(model, 1) >= 0;

    model->asks[2] = up && (model->asks[2] || !model->line[2]);
    model->line[2] = up;
}

static void random_use(void **state)
{
    struct random random = {.state = 8259};

    (void)state;
    for (unsigned round = 0; round < 300; round++) {
        struct model model = {0};
        struct pic pic;

        pic_reset(&pic);
        pic_write(&pic, MASTER_DATA, 0);
        pic_write(&pic, SLAVE_DATA, 0);
        for (unsigned step = 0; step < 400; step++) {
            unsigned irq = (unsigned)random_below(&random, 16), chip = irq >> 3;
            uint16_t port = chip ? SLAVE : MASTER;

            switch (random_below(&random, 6)) {
            case 0:
            case 1:
            case 2:
                if (irq == 2)
                    break;
                bool up = random_below(&random, 2);

                pic_set_line(&pic, irq, up);
                model.asks[irq] = up && (model.asks[irq] || !model.line[irq]);
                model.line[irq] = up;
                break;
            case 3:
                pic_write(&pic, port + 1, (uint8_t)(1u << (irq & 7)));
                for (unsigned i = 0; i < 8; i++)
                    model.masked[chip * 8 + i] = i == (irq & 7);
                break;
            case 4:
                pic_write(&pic, port, EOI);
                for (unsigned i = 0; i < 8; i++)
                    if (model.served[chip * 8 + i]) {
                        model.served[chip * 8 + i] = false;
                        break;
                    }
                break;
            default:
                if (!pic_output(&pic))
                    break;
                int first = model_first(&model, 0), vector = 8 + first;

                model.asks[first] = false;
                model.served[first] = true;
                if (first == 2) {
                    first = model_first(&model, 1);
                    assert_true(first >= 0);
                    model.asks[8 + first] = false;
                    model.served[8 + first] = true;
                    vector = 0x70 + first;
                    model.line[2] = false;
                }
                assert_int_equal(pic_acknowledge(&pic), vector);
            }
            model_cascade(&model);
            assert_int_equal(pic_output(&pic), model_first(&model, 0) >= 0);
        }
    }
}

/* Any bytes to any of its ports: it stays sane, and an INT that is up gives one of its 16 vectors. */
static void any_bytes(void **state)
{
    static const uint16_t ports[] = {MASTER, MASTER_DATA, SLAVE, SLAVE_DATA, ELCR1, ELCR2};
    struct random random = {.state = 231468};
    struct pic pic;

    (void)state;
    pic_reset(&pic);
    for (unsigned i = 0; i < 300000; i++) {
        uint16_t port = ports[random_below(&random, 6)];
        unsigned irq = (unsigned)random_below(&random, 16);

        switch (random_below(&random, 4)) {
        case 0:
            pic_write(&pic, port, (uint8_t)random_next(&random));
            break;
        case 1:
            (void)pic_read(&pic, port);
            break;
        case 2:
            if (irq != 2)
                pic_set_line(&pic, irq, random_below(&random, 2));
            break;
        default:
            if (pic_output(&pic)) {
                uint8_t vector = pic_acknowledge(&pic);

                assert_true((vector & 0xf8) == pic.chip[0].vector || (vector & 0xf8) == pic.chip[1].vector);
            }
        }
        assert_true(pic_is_sane(&pic));
    }
}

static void insane_ones_are_known(void **state)
{
    struct pic pic;

    (void)state;
    for (unsigned i = 0; i < sizeof(pic); i++) {
        /* Fields in which any byte is a state: IRR, ISR, IMR and lines. */
        bool any = i % sizeof(struct pic_chip) < offsetof(struct pic_chip, vector);

        pic_reset(&pic);
        ((uint8_t *)&pic)[i] = 0xff;
        if (!any)
            assert_false(pic_is_sane(&pic));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scripts_play),
        cmocka_unit_test(random_use),
        cmocka_unit_test(any_bytes),
        cmocka_unit_test(insane_ones_are_known),
    };

    return cmocka_run_group_tests_name("vmm_pic", tests, NULL, NULL);
}
