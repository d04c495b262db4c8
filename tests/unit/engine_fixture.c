/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void open_engine(struct fixture *fixture, const char *guest, const struct guest_settings *settings, int argc,
                 char **argv)
{
    char **operands;
    int operand_count;

    memset(fixture, 0, sizeof(*fixture));
    fixture->engine = engine_find(argv[0]);
    assert_non_null(fixture->engine);
    fixture->options = calloc(1, fixture->engine->options_size + 1);
    fixture->set = (struct option_set){
        .specs = fixture->engine->options,
        .count = fixture->engine->option_count,
        .values = fixture->options,
    };
    if (options_parse(&fixture->set, 1, argc, argv, &operands, &operand_count, &fixture->reason) < 0)
        fail_msg("%s", fixture->reason.text);
    assert_int_equal(guest_build(&fixture->image, guest, settings, &fixture->reason), 0);
    challenge_ready_line(guest, fixture->ready);
    fixture->setup = (struct engine_setup){
        .image = &fixture->image,
        .image_path = "/dev/null",
        .ready_line = fixture->ready,
        .options = fixture->options,
        .seed = 1,
    };
    if (fixture->engine->probe(fixture->options, &fixture->reason) < 0 ||
        fixture->engine->open(&fixture->setup, &fixture->population, &fixture->reason) < 0)
        fail_msg("%s", fixture->reason.text);
}

void close_engine(struct fixture *fixture)
{
    fixture->engine->close(fixture->population);
    options_release(&fixture->set, 1);
    free(fixture->options);
}

void grow(struct fixture *fixture, uint64_t count)
{
    if (fixture->engine->grow(fixture->population, count, NULL, &fixture->reason) < 0)
        fail_msg("%s", fixture->reason.text);
}
