/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What everybody needs: options, values, files, time, random numbers, reasons. */
#include "base/clock.h"
#include "base/file.h"
#include "base/option.h"
#include "base/prefix.h"
#include "base/random.h"
#include "base/reason.h"
#include "base/ring.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "near.h"

struct values {
    bool flag;
    const char *text, *choice;
    struct option_list list;
    uint64_t count, size, duration;
    double number, percent;
};

static const char *const colours[] = {"red", "green", NULL};

#define FIELD(name) offsetof(struct values, name)

static const struct option_spec specs[] = {
    {"flag", OPTION_FLAG, NULL, "a flag", FIELD(flag), NULL, 0, 0, NULL},
    {"text", OPTION_TEXT, "TEXT", "a text", FIELD(text), NULL, 0, 0, NULL},
    {"colour", OPTION_CHOICE, "COLOUR", "a choice", FIELD(choice), "green", 0, 0, colours},
    {"item", OPTION_LIST, "ITEM", "an item", FIELD(list), NULL, 0, 0, NULL},
    {"count", OPTION_COUNT, "N", "a count", FIELD(count), "5", 1, 1000, NULL},
    {"memory", OPTION_SIZE, "SIZE", "a size", FIELD(size), "1M", 0, 0, NULL},
    {"wait", OPTION_DURATION, "TIME", "a time", FIELD(duration), NULL, 0.001, 60, NULL},
    {"ratio", OPTION_NUMBER, "X", "a number", FIELD(number), NULL, 0, 0, NULL},
    {"threshold", OPTION_PERCENT, "PCT", "a percentage", FIELD(percent), "90", 1, 100, NULL},
};

enum { MOST_WORDS = 16 };

/* Parses the NULL-terminated `words`; the operands are joined by blanks. */
static int parse(struct values *values, const char *const *words, char operands[256], struct reason *reason)
{
    struct option_set set = {.specs = specs, .count = sizeof(specs) / sizeof(specs[0]), .values = values};
    char *argv[MOST_WORDS + 2] = {(char *)(uintptr_t) "mvm"}, **rest = NULL;
    int argc = 1, rest_count = 0;

    for (; words[argc - 1]; argc++)
        argv[argc] = (char *)(uintptr_t)words[argc - 1];

    int error = options_parse(&set, 1, argc, argv, &rest, &rest_count, reason);

    operands[0] = '\0';
    for (int i = 0; !error && i < rest_count; i++) {
        size_t used = strlen(operands);

        snprintf(operands + used, 256 - used, "%s%s", i ? " " : "", rest[i]);
    }
    return error;
}

static void release(struct values *values)
{
    struct option_set set = {.specs = specs, .count = sizeof(specs) / sizeof(specs[0]), .values = values};

    options_release(&set, 1);
}

static void options_have_defaults(void **state)
{
    static const char *const words[] = {NULL};
    struct values v;
    struct reason reason = {""};
    char operands[256];

    (void)state;
    memset(&v, 0xff, sizeof(v)); /* whatever was there is gone */
    assert_int_equal(parse(&v, words, operands, &reason), 0);
    assert_false(v.flag);
    assert_null(v.text);
    assert_string_equal(v.choice, "green");
    assert_int_equal(v.list.count, 0);
    assert_int_equal(v.count, 5);
    assert_int_equal(v.size, 1 << 20);
    assert_int_equal(v.duration, 0);
    assert_true(v.number == 0 && v.percent == 90);
    release(&v);
}

static void options_are_read(void **state)
{
    static const char *const words[] = {
        "one",    "--flag",     "--text=a=b",   "--colour",      "red",        "--item=x",
        "--item", "y",          "--count=1000", "--memory=1.5G", "--wait=2ms", "--threshold=50%",
        "two",    "--ratio=.5", "--",           "--flag",        NULL};
    struct values v;
    struct reason reason = {""};
    char operands[256];

    (void)state;
    assert_int_equal(parse(&v, words, operands, &reason), 0);
    assert_true(v.flag);
    assert_string_equal(v.text, "a=b");
    assert_string_equal(v.choice, "red");
    assert_int_equal(v.list.count, 2);
    assert_string_equal(v.list.items[0], "x");
    assert_string_equal(v.list.items[1], "y");
    assert_int_equal(v.count, 1000);
    assert_int_equal(v.size, UINT64_C(1536) << 20);
    assert_int_equal(v.duration, 2000000);
    assert_true(v.number == 0.5 && v.percent == 50);
    assert_string_equal(operands, "one two --flag");
    release(&v);
}

static void bad_options_are_named(void **state)
{
    static const struct {
        const char *words[4];
        const char *says[2];
    } cases[] = {
        {{"--nothing"}, {"--nothing", "--help"}},
        {{"--nothing=3"}, {"--nothing", "--help"}},
        {{"-x"}, {"-x", "--help"}},
        {{"operand", "-xyz"}, {"-x", "--help"}},
        {{"--coun=3"}, {"--coun", "--count"}}, /* no short forms */
        {{"--flag=yes"}, {"--flag", ""}},
        {{"--text"}, {"--text", "value"}},
        {{"--count=0"}, {"--count", "1 to 1000"}},
        {{"--count=1001"}, {"--count", "'1001'"}},
        {{"--count", "-1"}, {"--count", "'-1'"}},
        {{"--count=1x"}, {"--count", "whole number"}},
        {{"--count="}, {"--count", "whole number"}},
        {{"--count=99999999999999999999"}, {"--count", "whole number"}},
        {{"--colour=blue"}, {"red, green", "'blue'"}},
        {{"--memory=4X"}, {"--memory", "'4X'"}},
        {{"--wait=2h"}, {"--wait", "60 seconds"}},
        {{"--ratio=nan"}, {"--ratio", "'nan'"}},
        {{"--threshold=%"}, {"--threshold", "'%'"}},
        {{"--threshold=101"}, {"--threshold", "1 to 100"}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct values v;
        struct reason reason = {""};
        char operands[256];
        int error = parse(&v, cases[i].words, operands, &reason);

        release(&v);
        if (error != -EINVAL || !strstr(reason.text, cases[i].says[0]) ||
            !strstr(reason.text, cases[i].says[1]))
            fail_msg("'%s' gave %d, \"%s\"", cases[i].words[0], error, reason.text);
    }
}

static void an_option_is_peeked(void **state)
{
    char *const argv[] = {(char *)(uintptr_t) "mvm",          (char *)(uintptr_t) "--engine",
                          (char *)(uintptr_t) "null",         (char *)(uintptr_t) "--engine=qemu",
                          (char *)(uintptr_t) "--engines=3",  (char *)(uintptr_t) "--",
                          (char *)(uintptr_t) "--engine=exec"};

    (void)state;
    assert_string_equal(options_peek("engine", 7, argv), "qemu");
    assert_string_equal(options_peek("engine", 3, argv), "null");
    assert_null(options_peek("engine", 2, argv));
    assert_null(options_peek("other", 7, argv));
}

static void help_names_every_option(void **state)
{
    struct values v = {0};
    struct option_set set = {
        .title = "Tests", .specs = specs, .count = sizeof(specs) / sizeof(specs[0]), .values = &v};
    char *text = NULL;
    size_t length = 0;
    FILE *to = open_memstream(&text, &length);

    (void)state;
    options_print_help(&set, 1, to);
    fclose(to);
    assert_non_null(strstr(text, "Tests:"));
    for (size_t i = 0; i < set.count; i++)
        assert_true(strstr(text, specs[i].name) && strstr(text, specs[i].help));
    assert_non_null(strstr(text, "(default: 90)"));
    free(text);
}

static void sizes(void **state)
{
    static const struct {
        const char *text;
        int64_t bytes; /* -1: refused */
    } cases[] = {
        {"0", 0},          {"512", 512},      {"1K", 1024},      {"1k", 1024},        {"2M", 2 << 20},
        {"1.5M", 3 << 19}, {"3G", 3LL << 30}, {"1T", 1LL << 40}, {"4GiB", 4LL << 30}, {"", -1},
        {"M", -1},         {"-1", -1},        {" 1", -1},        {"1 M", -1},         {"1MM", -1},
        {"0x10", -1},      {"inf", -1},       {"nan", -1},       {"1..5", -1},        {"9999999T", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t bytes = 77;
        int error = parse_size(cases[i].text, &bytes);

        if (cases[i].bytes < 0 ? error != -EINVAL || bytes != 77 : error || bytes != (uint64_t)cases[i].bytes)
            fail_msg("'%s' gave %d, %llu", cases[i].text, error, (unsigned long long)bytes);
    }
}

static void bit_rates(void **state)
{
    static const struct {
        const char *text;
        int64_t bits; /* -1: refused */
    } cases[] = {
        {"64", 64},
        {"100k", 100000},
        {"2.5G", 2500000000},
        {"10G", 10000000000},
        {"1T", 1000000000000},
        {"10GiB", -1},
        {"10Gbit", -1},
        {"", -1},
        {"G", -1},
        {"-1M", -1},
        {"99999999T", -1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint64_t bits = 77;
        int error = parse_bits(cases[i].text, &bits);

        if (cases[i].bits < 0 ? error != -EINVAL || bits != 77 : error || bits != (uint64_t)cases[i].bits)
            fail_msg("'%s' gave %d, %llu", cases[i].text, error, (unsigned long long)bits);
    }
}

static void durations(void **state)
{
    uint64_t ns = 77;

    (void)state;
    assert_int_equal(parse_duration("500ms", &ns), 0);
    assert_int_equal(ns, 500 * NS_PER_MILLISECOND);
    assert_int_equal(parse_duration("2", &ns), 0);
    assert_int_equal(ns, 2 * NS_PER_SECOND);
    assert_int_equal(parse_duration("1.5m", &ns), 0);
    assert_int_equal(ns, 90 * NS_PER_SECOND);
    assert_int_equal(parse_duration("1h", &ns), 0);
    assert_int_equal(ns, 3600 * NS_PER_SECOND);
    assert_int_equal(parse_duration("1d", &ns), -EINVAL);
    assert_int_equal(parse_duration("ms", &ns), -EINVAL);
    assert_int_equal(parse_duration("", &ns), -EINVAL);
    assert_int_equal(ns, 3600 * NS_PER_SECOND);
}

static void sizes_for_people(void **state)
{
    static const struct {
        double bytes;
        const char *text;
    } cases[] = {
        {0, "0 B"},
        {512, "512 B"},
        {1023, "1023 B"},
        {1024, "1.00 KiB"},
        {11.9 * 0x1p20, "11.9 MiB"},
        {128 * 0x1p30, "128 GiB"},
        {-2 * 0x1p20, "-2.00 MiB"},
        {1023.9 * 0x1p10, "1.00 MiB"},
    };
    char text[SIZE_TEXT_ROOM];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_string_equal(size_text(cases[i].bytes, text), cases[i].text);
}

static void files_are_replaced_whole(void **state)
{
    char directory[] = "/tmp/mvm-test-XXXXXX", path[128], deep[128], hash[SHA256_TEXT_ROOM], *bytes = NULL;
    struct reason reason = {""};
    size_t length = 0;

    (void)state;
    assert_non_null(mkdtemp(directory));
    snprintf(deep, sizeof(deep), "%s/a/b/", directory);
    assert_int_equal(directory_make(deep, &reason), 0);
    assert_int_equal(directory_make(deep, &reason), 0);
    snprintf(path, sizeof(path), "%s/a/b/file", directory);
    assert_int_equal(file_replace(path, "first and long", 14, &reason), 0);
    assert_int_equal(file_replace(path, "abc", 3, &reason), 0);
    assert_int_equal(file_read(path, 3, &bytes, &length, &reason), 0);
    assert_int_equal(length, 3);
    assert_string_equal(bytes, "abc");
    free(bytes);
    assert_int_equal(file_sha256(path, hash, &reason), 0);
    assert_string_equal(hash,
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"); /* FIPS 180-2 */
    sha256_text("", 0, hash);
    assert_string_equal(hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");

    assert_int_equal(file_read(path, 2, &bytes, &length, &reason), -EFBIG);
    assert_int_equal(directory_make(path, &reason), -ENOTDIR);
    assert_true(file_replace(deep, "x", 1, &reason) < 0); /* a directory cannot be replaced */
    assert_int_equal(length, 3);
    unlink(path);
    assert_int_equal(file_read(path, 9, &bytes, &length, &reason), -ENOENT);
    assert_non_null(strstr(reason.text, path));

    /* Nothing stays beside the file: the directories are empty. */
    assert_int_equal(rmdir(deep), 0);
    snprintf(deep, sizeof(deep), "%s/a", directory);
    assert_int_equal(rmdir(deep), 0);
    assert_int_equal(rmdir(directory), 0);
}

static void random_numbers_repeat(void **state)
{
    /* The first values of the authors' reference program for seed 1234567. */
    static const uint64_t expected[] = {UINT64_C(6457827717110365317), UINT64_C(3203168211198807973),
                                        UINT64_C(9817491932198370423), UINT64_C(4593380528125082431),
                                        UINT64_C(16408922859458223821)};
    struct random random = {1234567};
    unsigned seen[3] = {0};

    (void)state;
    for (size_t i = 0; i < 5; i++)
        assert_true(random_next(&random) == expected[i]);
    for (int i = 0; i < 30000; i++)
        seen[random_below(&random, 3)]++;
    for (int i = 0; i < 3; i++)
        assert_near(seen[i], 10000, 500);
    assert_int_equal(random_below(&random, 1), 0);
}

static void the_clock_runs(void **state)
{
    uint64_t before = clock_now_ns();

    (void)state;
    clock_sleep_until(before + 5 * NS_PER_MILLISECOND);
    assert_true(clock_now_ns() >= before + 5 * NS_PER_MILLISECOND);
    assert_int_equal(clock_poll_timeout_ms(before), 0);
    assert_int_equal(clock_poll_timeout_ms(CLOCK_NEVER), -1);
    assert_int_equal(clock_poll_timeout_ms(CLOCK_NEVER - 1), 2147483647);

    int ms = clock_poll_timeout_ms(clock_now_ns() + 100 * NS_PER_MILLISECOND);

    assert_true(ms > 50 && ms <= 100);
    assert_true(clock_unix_seconds() > 1.6e9);
}

static void reasons_are_sentences(void **state)
{
    struct reason reason = {"before"};
    char *long_text = calloc(1, 5000);

    (void)state;
    memset(long_text, 'x', 4999);
    assert_int_equal(reason_set(&reason, EINVAL, "%s and after", reason.text), -EINVAL);
    assert_string_equal(reason.text, "before and after");
    assert_int_equal(reason_errno(&reason, ENOENT, "cannot open %s", "it"), -ENOENT);
    assert_string_equal(reason.text, "cannot open it: No such file or directory");
    assert_int_equal(reason_set(&reason, EPERM, "%s", long_text), -EPERM);
    assert_int_equal(strlen(reason.text), REASON_ROOM - 1);
    assert_int_equal(reason_errno(&reason, ENOENT, "%s", long_text), -ENOENT);
    assert_non_null(strstr(reason.text, "No such file")); /* the cause is never cut off */
    assert_int_equal(reason_set(NULL, EPERM, "nobody listens"), -EPERM);
    free(long_text);
}

static void addresses_of_prefixes(void **state)
{
    uint8_t v4[4] = {127, 1, 0xff, 3}, v6[16] = {0xfd, [7] = 0x13, [15] = 1}, all[4] = {255, 255, 255, 255};

    (void)state;
    assert_true(prefix_cut(v4, sizeof(v4), 18));
    assert_memory_equal(v4, ((uint8_t[]){127, 1, 0xc0, 0}), 4);
    assert_false(prefix_cut(v4, sizeof(v4), 18));
    assert_false(prefix_cut(all, sizeof(all), 32));
    assert_true(prefix_cut(all, sizeof(all), 0));
    assert_memory_equal(all, ((uint8_t[4]){0}), 4);

    assert_int_equal(prefix_addresses(4, 32), 1);
    assert_int_equal(prefix_addresses(4, 8), 1 << 24);
    assert_true(prefix_addresses(4, 0) == UINT64_C(1) << 32);
    assert_true(prefix_addresses(16, 65) == UINT64_C(1) << 63);
    assert_true(prefix_addresses(16, 64) == UINT64_MAX);
    assert_true(prefix_addresses(16, 0) == UINT64_MAX);

    prefix_count_on(v4, sizeof(v4), 0x3fff);
    assert_memory_equal(v4, ((uint8_t[]){127, 1, 0xff, 0xff}), 4);
    assert_true(prefix_cut(v6, sizeof(v6), 61));
    prefix_count_on(v6, sizeof(v6), UINT64_C(0x70102030405060));
    assert_memory_equal(v6, ((uint8_t[9]){0xfd, [7] = 0x10}), 9);
    assert_memory_equal(v6 + 9, ((uint8_t[]){0x70, 0x10, 0x20, 0x30, 0x40, 0x50, 0x60}), 7);
}

/* All that goes in comes out, in order, whatever pieces it goes and comes in, and never more than fits. */
static void a_ring_keeps_the_order(void **state)
{
    uint8_t room[7], in[9], out[9];
    struct ring ring = {.bytes = room, .room = sizeof(room)};
    struct random random = {.state = 1};
    uint8_t put = 0, taken = 0;

    (void)state;
    for (int turn = 0; turn < 10000; turn++) {
        size_t count = random_below(&random, sizeof(in) + 1), before = ring.count;

        for (size_t i = 0; i < count; i++)
            in[i] = (uint8_t)(put + i);
        size_t went = ring_put(&ring, in, count);

        assert_int_equal(went, count < sizeof(room) - before ? count : sizeof(room) - before);
        assert_int_equal(ring.count, before + went);
        put = (uint8_t)(put + went);
        count = random_below(&random, sizeof(out) + 1);
        before = ring.count;
        size_t came = ring_take(&ring, out, count);

        assert_int_equal(came, count < before ? count : before);
        for (size_t i = 0; i < came; i++)
            assert_int_equal(out[i], taken++);
    }
    assert_int_equal((uint8_t)(put - taken), ring.count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_have_defaults),
        cmocka_unit_test(options_are_read),
        cmocka_unit_test(bad_options_are_named),
        cmocka_unit_test(an_option_is_peeked),
        cmocka_unit_test(help_names_every_option),
        cmocka_unit_test(sizes),
        cmocka_unit_test(bit_rates),
        cmocka_unit_test(durations),
        cmocka_unit_test(sizes_for_people),
        cmocka_unit_test(files_are_replaced_whole),
        cmocka_unit_test(random_numbers_repeat),
        cmocka_unit_test(the_clock_runs),
        cmocka_unit_test(reasons_are_sentences),
        cmocka_unit_test(a_ring_keeps_the_order),
        cmocka_unit_test(addresses_of_prefixes),
    };

    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
