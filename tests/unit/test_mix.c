/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Mixes of guests: how they are said, how numbers are dealt out, and a population of one. */
#include "base/clock.h"
#include "base/random.h"
#include "base/reason.h"
#include "engine/deal.h"
#include "engine/engine.h"
#include "engine/mix.h"
#include "guest/catalog.h"
#include "guest/challenge.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static void mixes_are_read(void **state)
{
    struct guest_mix mix;
    struct reason reason = {""};

    (void)state;
    assert_int_equal(
        guest_mix_parse(&mix, "sleep=0.9,load:0.5s@100,9.5s@0=0.05,web:/a=b,=0.03,tick:100=0.02", &reason),
        0);
    assert_int_equal(mix.count, 4);
    assert_string_equal(mix.parts[0].spec, "sleep");
    assert_int_equal(mix.parts[0].share, 9000);
    assert_string_equal(mix.parts[1].spec, "load:0.5s@100,9.5s@0");
    assert_int_equal(mix.parts[1].share, 500);
    assert_string_equal(mix.parts[2].spec, "web:/a=b,");
    assert_string_equal(mix.parts[3].image.guest, "tick");

    /* The images are those that the settings make. */
    const struct guest_settings settings = {.profile = "0.5s@100,9.5s@0"};
    struct image load;

    assert_int_equal(guest_build(&load, "load", &settings, NULL), 0);
    assert_string_equal(mix.parts[1].image.sha256, load.sha256);

    char one[SHA256_TEXT_ROOM], other[SHA256_TEXT_ROOM];

    guest_mix_sha256(&mix, one);
    assert_int_equal(guest_mix_parse(&mix, "sleep=1", NULL), 0);
    guest_mix_sha256(&mix, other);
    assert_string_not_equal(one, other);
}

static void bad_mixes_are_refused(void **state)
{
    static const struct {
        const char *text, *sentence;
    } cases[] = {
        {"", "has no share"},
        {"sleep", "'sleep' has no share"},
        {"sleep=0.5", "the shares of a mix are 1 together, not 0.5"},
        {"sleep=0.6,tick=0.6", "the shares of a mix are 1 together, not 1.2"},
        {"sleep=0.5,sleep=0.5", "'sleep' stands twice"},
        {"sleep=0,tick=1", "a share is a number above 0 and up to 1, not '0'"},
        {"sleep=2", "not '2'"},
        {"sleep=0.33333,tick=0.66667", "at most four decimals, unlike '0.33333'"},
        {"sleep=0.5,", "'' has no share"},
        {"sleep=0.5,snooze=0.5", "there is no guest 'snooze'"},
        {"sleep:5=1", "the guest 'sleep' takes no setting, such as '5'"},
        {"load:200=1", "--profile takes a percentage"},
        {"tick:5=1", "tick takes a number from 18.3 to 10000 after its colon, not '5'"},
        {"disk:x=1", "disk takes a number from 0.01 to 1000 after its colon, not 'x'"},
        {"=1", "there is no guest ''"},
        {"sleep=0.1.2", "not '0.1.2'"},
    };
    char many[1024] = "";

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct guest_mix mix;
        struct reason reason = {""};

        if (guest_mix_parse(&mix, cases[i].text, &reason) != -EINVAL ||
            !strstr(reason.text, cases[i].sentence))
            fail_msg("'%s' gave: %s", cases[i].text, reason.text);
    }
    for (int i = 0; i <= GUEST_MIX_PARTS; i++)
        snprintf(many + strlen(many), sizeof(many) - strlen(many), "%stick:%d=0.01", i ? "," : "", 100 + i);
    struct guest_mix mix;
    struct reason reason = {""};

    assert_int_equal(guest_mix_parse(&mix, many, &reason), -EINVAL);
    assert_string_equal(reason.text, "a mix has at most 16 guests");
}

/* For every n each part has its share of the first n numbers to within less than one, and both ways of
 * looking a number up agree. */
static void check_deal(const struct deal *deal)
{
    uint64_t dealt[DEAL_PARTS] = {0};

    for (uint64_t n = 0; n < 2 * deal->period + 7; n++) {
        for (size_t p = 0; p < deal->parts; p++) {
            double behind = (double)n * deal->share[p] / deal->period - (double)dealt[p];

            if (!(fabs(behind) < 1) || deal_count(deal, p, n) != dealt[p])
                fail_msg("part %zu is %g behind among %llu, and counted as %llu", p, behind,
                         (unsigned long long)n, (unsigned long long)deal_count(deal, p, n));
        }
        uint64_t inner = 77;
        size_t part = deal_part(deal, n, &inner);

        assert_true(part < deal->parts);
        assert_int_equal(inner, dealt[part]);
        assert_int_equal(deal_number(deal, part, inner), n);
        dealt[part]++;
    }
    /* Far out as well. */
    uint64_t inner, far = UINT64_C(1) << 40;
    size_t part = deal_part(deal, far, &inner);

    assert_int_equal(deal_number(deal, part, inner), far);
}

static void numbers_are_dealt_in_shares(void **state)
{
    static const unsigned fixed[][4] = {{10000}, {9500, 500}, {1, 9999}, {5000, 2500, 2500}, {3, 2, 1, 1}};
    struct deal *deal = malloc(sizeof(*deal));
    struct random random = {.state = 1};

    (void)state;
    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
        size_t parts = 0;

        while (parts < 4 && fixed[i][parts])
            parts++;
        deal_make(deal, fixed[i], parts);
        check_deal(deal);
    }
    for (int i = 0; i < 60; i++) {
        unsigned shares[DEAL_PARTS];
        size_t parts = 1 + random_below(&random, DEAL_PARTS);

        for (size_t p = 0; p < parts; p++)
            shares[p] = 1 + (unsigned)random_below(&random, i % 2 ? 9 : DEAL_PERIOD_MOST / DEAL_PARTS);
        deal_make(deal, shares, parts);
        check_deal(deal);
    }
    free(deal);
}

static bool stop_at_fifty(void *context, const struct engine_counts *counts)
{
    (void)context;
    return counts->started < 50;
}

static void ask_all(struct population *population, uint64_t vms)
{
    const struct engine *engine = population->engine;
    struct random random = {.state = 2};
    struct challenge *challenges = calloc(vms, sizeof(*challenges));
    struct engine_ask *asks = calloc(vms, sizeof(*asks)), **all = calloc(vms, sizeof(*all));
    char(*answers)[64] = calloc(vms, sizeof(*answers));

    for (uint64_t i = 0; i < vms; i++) {
        challenge_make(&challenges[i], &random);
        asks[i] = (struct engine_ask){.vm = i,
                                      .request = challenges[i].request,
                                      .request_length = strlen(challenges[i].request),
                                      .answer = answers[i],
                                      .answer_room = sizeof(answers[i]),
                                      .deadline_ns = clock_now_ns() + 60 * NS_PER_SECOND,
                                      .context = &challenges[i]};
        all[i] = &asks[i];
    }
    engine->submit(population, all, vms);
    for (uint64_t got = 0; got < vms;) {
        struct engine_ask *done[32];
        size_t count = engine->reap(population, done, 32, clock_now_ns() + 10 * NS_PER_SECOND);

        assert_true(count > 0);
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(done[i]->vm, done[i] - asks); /* its own number again */
            assert_int_equal(done[i]->status, 0);
            assert_true(challenge_answered(done[i]->context, done[i]->answer, done[i]->answer_length));
        }
        got += count;
    }
    free(challenges);
    free(asks);
    free(all);
    free(answers);
}

/* A population of a mix on an engine with these options. */
struct mixed {
    struct guest_mix guests;
    struct option_set set;
    void *options;
    struct mix *mix;
    struct engine_setup setup;
    const struct engine *engine;
    struct population *population;
};

static void open_mix(struct mixed *mixed, int argc, char **argv, const char *text, const char *directory,
                     const char *ready_line)
{
    const struct engine *inner = engine_find(argv[0]);
    struct reason reason = {""};
    char **operands;
    int operand_count;

    mixed->options = calloc(1, inner->options_size + 1);
    mixed->set =
        (struct option_set){.specs = inner->options, .count = inner->option_count, .values = mixed->options};
    assert_int_equal(options_parse(&mixed->set, 1, argc, argv, &operands, &operand_count, &reason), 0);
    assert_int_equal(guest_mix_parse(&mixed->guests, text, &reason), 0);
    assert_int_equal(mix_create(inner, mixed->options, &mixed->guests, &mixed->mix, &reason), 0);
    assert_int_equal(mix_place(mixed->mix, directory, &reason), 0);
    mixed->engine = mix_engine(mixed->mix);
    mixed->setup = (struct engine_setup){
        .image = &mixed->guests.parts[0].image, .ready_line = ready_line, .options = mixed->mix, .seed = 1};
    assert_int_equal(mixed->engine->open(&mixed->setup, &mixed->population, &reason), 0);
    assert_ptr_equal(mixed->population->engine, mixed->engine);
}

static void close_mix(struct mixed *mixed)
{
    mixed->engine->close(mixed->population);
    mix_free(mixed->mix);
    options_release(&mixed->set, 1);
    free(mixed->options);
}

/* `vms` VMs of the mix on engine `name`. */
static void grow_and_ask(const char *name, const char *text, uint64_t vms, const char *directory)
{
    char *argv[] = {(char *)(uintptr_t)name, NULL};
    struct mixed mixed;
    struct engine_counts counts;
    struct reason reason = {""};

    open_mix(&mixed, 1, argv, text, directory, "mvm1");
    const struct engine *engine = mixed.engine;
    struct population *population = mixed.population;

    assert_int_equal(engine->grow(population, vms - 7, NULL, &reason), 0);
    assert_int_equal(engine->grow(population, 7, NULL, &reason), 0);
    engine->counts(population, &counts);
    assert_int_equal(counts.started, vms);
    assert_int_equal(counts.running, vms);
    assert_int_equal(counts.numbers, vms); /* no gaps */
    for (uint64_t i = 0; i < vms; i++)
        assert_true(engine->is_running(population, i) && engine->was_started(population, i));
    assert_false(engine->is_running(population, vms) || engine->was_started(population, vms));
    ask_all(population, vms);
    close_mix(&mixed);
}

/* The kernel tells of the ends of many children at once, and tells it to one population: each finds its own.
 */
static void ends_are_noticed_in_each_population(void **state)
{
    char directory[] = "/tmp/mvm-test-mix-XXXXXX", command[512], answers[4][64];
    char *argv[] = {(char *)(uintptr_t) "exec", (char *)(uintptr_t) "--command", command, NULL};
    struct mixed mixed;
    struct engine_ask asks[4], *all[4], *done[4];
    struct engine_counts counts;
    struct reason reason = {""};

    (void)state;
    assert_non_null(mkdtemp(directory));
    snprintf(command, sizeof(command), "'%s' {image} leave", getenv("FAKE_VM"));
    open_mix(&mixed, 3, argv, "sleep=0.5,tick=0.5", directory, NULL);
    assert_int_equal(mixed.engine->grow(mixed.population, 6, NULL, &reason), 0);
    for (size_t i = 0; i < 4; i++) {
        asks[i] = (struct engine_ask){.vm = i,
                                      .request = "?x\n",
                                      .request_length = 3,
                                      .answer = answers[i],
                                      .answer_room = sizeof(answers[i]),
                                      .deadline_ns = clock_now_ns() + 60 * NS_PER_SECOND};
        all[i] = &asks[i];
    }
    mixed.engine->submit(mixed.population, all, 4);
    for (size_t got = 0, count; got < 4; got += count) {
        count = mixed.engine->reap(mixed.population, done, 4, clock_now_ns() + 20 * NS_PER_SECOND);
        assert_true(count > 0);
    }
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(asks[i].status, -ECONNRESET);
    for (int i = 0; i < 400; i++) {
        mixed.engine->counts(mixed.population, &counts);
        if (counts.died == 4)
            break;
        mixed.engine->wait(mixed.population, clock_now_ns() + 50 * NS_PER_MILLISECOND);
    }
    assert_int_equal(counts.died, 4);
    assert_int_equal(counts.running, 2);
    for (uint64_t vm = 0; vm < 6; vm++)
        assert_int_equal(mixed.engine->is_running(mixed.population, vm), vm >= 4);
    close_mix(&mixed);
    snprintf(command, sizeof(command), "rm -r %s", directory);
    assert_int_equal(system(command), 0);
}

static void populations_are_one(void **state)
{
    char directory[] = "/tmp/mvm-test-mix-XXXXXX";

    (void)state;
    assert_non_null(mkdtemp(directory));
    grow_and_ask("null", "sleep=0.95,load:25=0.05", 1000, directory);
    grow_and_ask("vmm", "sleep=0.7,tick=0.2,web:/=Hello=0.1", 300, directory);

    char path[64];
    struct image image;

    snprintf(path, sizeof(path), "%s/3-web---Hello.img", directory);
    assert_int_equal(image_load(&image, path, false, NULL), 0);
    assert_string_equal(image.guest, "web");
    char command[128];

    snprintf(command, sizeof(command), "rm -r %s", directory);
    assert_int_equal(system(command), 0);
}

/* What was broken off goes on, and the shares are made good. */
static void growth_is_broken_off(void **state)
{
    struct guest_mix guests;
    struct mix *mix;
    struct population *population;
    struct engine_counts counts;
    struct reason reason = {""};
    const struct engine_watch watch = {.go_on = stop_at_fifty};

    (void)state;
    assert_int_equal(guest_mix_parse(&guests, "sleep=0.5,tick=0.5", &reason), 0);
    assert_int_equal(mix_create(engine_find("null"), NULL, &guests, &mix, &reason), 0);
    const struct engine_setup setup = {.image = &guests.parts[0].image, .options = mix};
    const struct engine *engine = mix_engine(mix);

    assert_int_equal(engine->open(&setup, &population, &reason), 0);
    assert_int_equal(engine->grow(population, 40, &watch, &reason), 0);
    /* What is due to the first guest is started before the watch is asked again. */
    assert_int_equal(engine->grow(population, 200, &watch, &reason), -ECANCELED);
    engine->counts(population, &counts);
    assert_int_equal(counts.started, 140);
    assert_int_equal(counts.numbers, 239); /* the last of the first guest's 120 is number 238 */
    assert_true(engine->was_started(population, 238));
    assert_false(engine->was_started(population, 237) || engine->is_running(population, 237));
    assert_int_equal(engine->grow(population, 60, NULL, &reason), 0);
    engine->counts(population, &counts);
    assert_int_equal(counts.started, 200);
    assert_int_equal(engine->grow(population, 40, NULL, &reason), 0);
    engine->counts(population, &counts);
    assert_int_equal(counts.started, 240);
    assert_int_equal(counts.numbers, 240);
    for (uint64_t i = 0; i < 240; i++)
        assert_true(engine->is_running(population, i));
    engine->close(population);
    mix_free(mix);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mixes_are_read),
        cmocka_unit_test(bad_mixes_are_refused),
        cmocka_unit_test(numbers_are_dealt_in_shares),
        cmocka_unit_test(populations_are_one),
        cmocka_unit_test(growth_is_broken_off),
        cmocka_unit_test(ends_are_noticed_in_each_population),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
