/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Challenges, images and the settings of guests: what is taken, what is refused and in which words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/reason.h"
#include "guest/catalog.h"
#include "guest/challenge.h"
#include "guest/profile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* --- Challenges --- */

/* The worked example of docs/guest-protocol.md. */
static void challenge_example(void **state)
{
    char answer[8];

    (void)state;
    challenge_solve("Hello", 5, answer);
    assert_string_equal(answer, "!bkign");
}

static void challenge_bounds(void **state)
{
    char answer[258], nonce[256];

    (void)state;
    challenge_solve("", 0, answer);
    assert_string_equal(answer, "!");
    /* Bytes with the top bit set count as 128 to 255, whatever the sign of char. */
    challenge_solve("\xff", 1, answer);
    assert_string_equal(answer, "!i");
    for (size_t i = 0; i < sizeof(nonce); i++)
        nonce[i] = (char)i;
    challenge_solve(nonce, sizeof(nonce), answer);
    assert_int_equal(strlen(answer), 257);
    assert_int_equal(strspn(answer + 1, "abcdefghijklmnop"), 256);
}

static void challenge_repeats_with_its_seed(void **state)
{
    struct random first = {.state = 7}, second = {.state = 7};
    struct challenge a, b, other;

    (void)state;
    challenge_make(&a, &first);
    challenge_make(&b, &second);
    challenge_make(&other, &second);
    assert_string_equal(a.request, b.request);
    assert_string_not_equal(a.request, other.request);
    assert_int_equal(strlen(a.request), CHALLENGE_NONCE + 2);
    assert_int_equal(a.request[0], '?');
    assert_int_equal(a.request[CHALLENGE_NONCE + 1], '\n');
}

static void challenge_takes_only_the_answer(void **state)
{
    struct random random = {.state = 1};
    struct challenge challenge;
    char line[CHALLENGE_ANSWER_ROOM + 8];

    (void)state;
    for (int i = 0; i < 100; i++) {
        challenge_make(&challenge, &random);
        size_t length = strlen(challenge.answer);

        assert_true(challenge_answered(&challenge, challenge.answer, length));
        snprintf(line, sizeof(line), "%s\r", challenge.answer);
        assert_true(challenge_answered(&challenge, line, length + 1));
        snprintf(line, sizeof(line), "%s\r\r", challenge.answer);
        assert_false(challenge_answered(&challenge, line, length + 2));
        assert_false(challenge_answered(&challenge, challenge.answer, length - 1));
        assert_false(challenge_answered(&challenge, challenge.answer + 1, length - 1));
        assert_false(challenge_answered(&challenge, challenge.request, length)); /* an echo */
        assert_false(challenge_answered(&challenge, "", 0));
        snprintf(line, sizeof(line), "%s", challenge.answer);
        line[length - 1] = line[length - 1] == 'a' ? 'b' : 'a';
        assert_false(challenge_answered(&challenge, line, length));
    }
}

static void ready_line(void **state)
{
    char line[READY_LINE_ROOM];

    (void)state;
    challenge_ready_line("sleep", line);
    assert_string_equal(line, "mvm1 sleep");
    challenge_ready_line("eightlet", line);
    assert_string_equal(line, "mvm1 eightlet");
}

/* --- Images --- */

static void catalog_is_whole(void **state)
{
    size_t count;
    const struct guest *guests = guest_catalog(&count);

    (void)state;
    assert_int_equal(count, 5);
    for (size_t i = 0; i < count; i++) {
        struct image image;

        image_from_bytes(&image, guests[i].bytes);
        assert_true(image.ours);
        assert_true(image.answers);
        assert_string_equal(image.guest, guests[i].name);
        assert_true(image_has_signature(&image));
        assert_ptr_equal(guest_find(guests[i].name), &guests[i]);
    }
    assert_null(guest_find("nobody"));
    assert_null(guest_find(""));
}

/* One byte of a good descriptor is changed; the image is then somebody else's. */
static void descriptors_refused(void **state)
{
    static const struct {
        size_t at;
        uint8_t byte;
    } changes[] = {
        {0, 0xe9},  /* no short jump */
        {2, 'm'},   /* no mark */
        {5, 2},     /* another version */
        {6, 0},     /* no name, then letters */
        {6, 'W'},   /* capitals */
        {6, 0x80},  /* not ASCII */
        {13, 'x'},  /* letters behind the NUL */
        {14, 17},   /* settings in the descriptor, once the high byte is 0 too */
        {15, 0xff}, /* settings far outside */
        {16, 0xff}, /* more room than there is */
        {17, 0x02},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(changes); i++) {
        uint8_t bytes[IMAGE_SIZE];
        struct image image;

        memcpy(bytes, guest_find("web")->bytes, sizeof(bytes));
        bytes[changes[i].at] = changes[i].byte;
        if (changes[i].at == 14)
            bytes[15] = 0;
        image_from_bytes(&image, bytes);
        if (image.ours)
            fail_msg("change %zu was let pass", i);
        assert_string_equal(image.guest, "");
        assert_int_equal(image_settings(bytes).offset, 0);
        assert_int_equal(image_settings(bytes).room, 0);
    }
}

/* Whatever a file holds where settings should be, telling of it stays within the 512 bytes (run under ASan).
 */
static void hostile_settings(void **state)
{
    static const char *const names[] = {"web", "load", "disk", "tick"};
    struct random random = {.state = 3};

    (void)state;
    for (int round = 0; round < 3000; round++) {
        const struct guest *guest = guest_find(names[round % 4]);
        struct image_settings block = image_settings(guest->bytes);
        uint8_t *bytes = malloc(IMAGE_SIZE);
        struct image image;

        assert_non_null(bytes);
        memcpy(bytes, guest->bytes, IMAGE_SIZE);
        if (round % 2) {
            bytes[14] = (uint8_t)random_next(&random);
            bytes[15] = (uint8_t)random_below(&random, 2);
            bytes[16] = (uint8_t)random_next(&random);
            bytes[17] = 0;
            block = image_settings(bytes);
        }
        for (size_t i = 0; i < block.room; i++)
            bytes[block.offset + i] = (uint8_t)random_below(&random, round % 5 ? 12 : 256);
        free(guest->describe(bytes));
        assert_true(guest->settings_used(bytes) <= image_settings(bytes).room);
        image_from_bytes(&image, bytes);
        assert_true(guest_free_bytes(&image) < IMAGE_SIZE);
        free(bytes);
    }
}

static void write_file(const char *path, const uint8_t *bytes, size_t length)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void loading(void **state)
{
    uint8_t bytes[600] = {0xf4};
    struct image image = {.sha256 = "untouched"};
    struct reason reason;
    char path[] = "/tmp/mvm-test-image-XXXXXX";
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    bytes[510] = 0x55;
    bytes[511] = 0xaa;
    write_file(path, bytes, 512);
    assert_int_equal(image_load(&image, path, false, &reason), 0);
    assert_false(image.ours);
    assert_false(image.answers);
    memset(&image, 0, sizeof(image));

    static const size_t lengths[] = {0, 1, 511, 513, 600};

    for (size_t i = 0; i < COUNT(lengths); i++) {
        write_file(path, bytes, lengths[i]);
        assert_int_equal(image_load(&image, path, false, &reason), -EINVAL);
        assert_non_null(strstr(reason.text, "a boot sector has 512"));
        assert_string_equal(image.sha256, ""); /* untouched on failure */
    }
    for (size_t i = 0; i < COUNT(lengths); i++) {
        write_file(path, bytes, lengths[i]);
        assert_int_equal(image_load(&image, path, true, &reason), 0);
        assert_int_equal(image.bytes[0], lengths[i] ? 0xf4 : 0);
        assert_int_equal(image_has_signature(&image), lengths[i] > 512);
    }
    bytes[511] = 0xab;
    write_file(path, bytes, 512);
    assert_int_equal(image_load(&image, path, false, &reason), -EINVAL);
    assert_non_null(strstr(reason.text, "boot signature 55 AA but in 55 AB"));
    assert_int_equal(image_load(&image, path, true, &reason), 0);
    assert_false(image_has_signature(&image));
    unlink(path);
    assert_true(image_load(&image, path, true, &reason) < 0);
    assert_true(strlen(reason.text) > 0);
}

/* --- Settings --- */

static struct guest_settings settings_of(const char *option, const char *const *values, size_t count)
{
    struct guest_settings settings = {0};

    if (strcmp(option, "route") == 0)
        settings.routes = (struct option_list){.items = values, .count = count};
    else if (strcmp(option, "work") == 0)
        settings.work = values[0];
    else if (strcmp(option, "profile") == 0)
        settings.profile = values[0];
    return settings;
}

/* Values that are taken, and the settings of the image then. */
static void settings_taken(void **state)
{
    static const struct {
        const char *guest, *option;
        const char *values[3];
        size_t count;
        const char *described;
    } cases[] = {
        {"web", "route", {NULL}, 0, "route /=Hello from 512 bytes\n"},
        {"web", "route", {"/=Hello", "/about=x=y"}, 2, "route /=Hello\nroute /about=x=y\n"},
        {"web", "route", {"/="}, 1, "route /=\n"},
        {"web", "route", {"/=\xc3\xa4\n"}, 1, "route /=\\xc3\\xa4\\x0a\n"},
        {"web", "work", {"0"}, 1, "route /=Hello from 512 bytes\n"},
        {"web", "work", {"1"}, 1, "work 1\nroute /=Hello from 512 bytes\n"},
        {"web", "work", {"65535"}, 1, "work 65535\nroute /=Hello from 512 bytes\n"},
        {"web", "work", {"10ms"}, 1, "work 10\nroute /=Hello from 512 bytes\n"},
        {"web", "work", {"0.5s"}, 1, "work 500\nroute /=Hello from 512 bytes\n"},
        {"load", "profile", {"0"}, 1, "profile 1s@0\n"},
        {"load", "profile", {"25"}, 1, "profile 1s@25\n"},
        {"load", "profile", {"25%"}, 1, "profile 1s@25\n"},
        {"load", "profile", {"100"}, 1, "profile 1s@100\n"},
        {"load", "profile", {"12.5"}, 1, "profile 1s@12.5\n"},
        {"load", "profile", {"0.5s@100,9.5s@0"}, 1, "profile 0.5s@100,9.5s@0\n"},
        {"load", "profile", {"50ms@1%,1m@2"}, 1, "profile 0.05s@1,60s@2\n"},
        {"load", "profile", {"3276.75s@7"}, 1, "profile 3276.75s@7\n"},
        {"load", "profile", {"spikes"}, 1, "profile 1s@100,9s@0\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct guest_settings settings = settings_of(cases[i].option, cases[i].values, cases[i].count);
        struct reason reason = {0};
        struct image image;

        if (guest_build(&image, cases[i].guest, &settings, &reason) != 0)
            fail_msg("case %zu was refused: %s", i, reason.text);
        char *described = guest_find(cases[i].guest)->describe(image.bytes);

        assert_string_equal(described, cases[i].described);
        assert_string_equal(image.guest, cases[i].guest);
        assert_true(image.ours);
        assert_true(image_has_signature(&image));
        free(described);
    }
}

/* Values that are refused, and words of the sentence. */
static void settings_refused(void **state)
{
    static const struct {
        const char *guest, *option;
        const char *values[3];
        size_t count;
        const char *words;
    } cases[] = {
        {"nobody", "route", {NULL}, 0, "there is no guest 'nobody'"},
        {"", "route", {NULL}, 0, "there is no guest ''"},
        {"sleep", "route", {"/=x"}, 1, "--route is a setting of the guest 'web', not of 'sleep'"},
        {"tick", "work", {"1"}, 1, "--work is a setting of the guest 'web', not of 'tick'"},
        {"web", "profile", {"1"}, 1, "--profile is a setting of the guest 'load', not of 'web'"},
        {"web", "route", {""}, 1, "does not begin with '/'"},
        {"web", "route", {"about=x"}, 1, "does not begin with '/'"},
        {"web", "route", {"/about"}, 1, "has no '='"},
        {"web", "route", {"/a b=x"}, 1, "has a character"},
        {"web", "route", {"/a?b=x"}, 1, "has a character"},
        {"web", "route", {"/\xc3\xa4=x"}, 1, "has a character"},
        {"web", "route", {"/a\n=x"}, 1, "has a character"},
        {"web", "route", {"/a=x", "/b=x", "/a=y"}, 3, "gives the path /a twice"},
        {"web", "work", {""}, 1, "--work takes a whole number of milliseconds"},
        {"web", "work", {"-1"}, 1, "from 0 to 65535"},
        {"web", "work", {"1.5"}, 1, "whole number of milliseconds"},
        {"web", "work", {"1.5ms"}, 1, "whole number of milliseconds"},
        {"web", "work", {"100us"}, 1, "whole number of milliseconds"},
        {"web", "work", {"65536"}, 1, "from 0 to 65535"},
        {"web", "work", {"66s"}, 1, "from 0 to 65535"},
        {"web", "work", {"99999999999999999999"}, 1, "from 0 to 65535"},
        {"web", "work", {"ten"}, 1, "not 'ten'"},
        {"load", "profile", {""}, 1, "--profile takes a percentage"},
        {"load", "profile", {"spike"}, 1, "not 'spike'"},
        {"load", "profile", {"-1"}, 1, "--profile takes a percentage"},
        {"load", "profile", {"100.1"}, 1, "--profile takes a percentage"},
        {"load", "profile", {"nan"}, 1, "--profile takes a percentage"},
        {"load", "profile", {"1s@101"}, 1, "'1s@101' of --profile does not end in a percentage"},
        {"load", "profile", {"1s@"}, 1, "does not end in a percentage"},
        {"load", "profile", {"1s@1,@5"}, 1, "'@5' of --profile does not begin with a time"},
        {"load", "profile", {"1s@1,"}, 1, "not of the form SECONDS@PERCENT"},
        {"load", "profile", {"1s@1,,1s@2"}, 1, "not of the form SECONDS@PERCENT"},
        {"load", "profile", {"1s@1,5"}, 1, "'5' of --profile is not of the form"},
        {"load", "profile", {"0s@1"}, 1, "multiple of 50 ms"},
        {"load", "profile", {"0.07s@1"}, 1, "'0.07s@1' of --profile does not last a multiple of 50 ms"},
        {"load", "profile", {"1ns@1"}, 1, "does not begin with a time"},
        {"load", "profile", {"3276.8s@1"}, 1, "longer than 3276.75 s"},
        {"load", "profile", {"1s@1@1"}, 1, "does not end in a percentage"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct guest_settings settings = settings_of(cases[i].option, cases[i].values, cases[i].count);
        struct image image = {.guest = "as was"};
        struct reason reason = {0};

        if (guest_build(&image, cases[i].guest, &settings, &reason) != -EINVAL)
            fail_msg("case %zu was not refused", i);
        if (!strstr(reason.text, cases[i].words))
            fail_msg("case %zu says: %s", i, reason.text);
        assert_string_equal(image.guest, "as was");
    }
}

/* Content that fills the image to its last byte is taken; one byte more is refused, and said to be one. */
static void routes_fill_the_image(void **state)
{
    static const char *const works[] = {NULL, "5"};

    (void)state;
    for (size_t i = 0; i < COUNT(works); i++) {
        char route[IMAGE_SIZE + 1] = "/=";
        const char *const items[] = {route};
        struct guest_settings settings = {.routes = {.items = items, .count = 1}, .work = works[i]};
        struct reason reason;
        struct image image;

        assert_int_equal(guest_build(&image, "web", &settings, &reason), 0);
        size_t room = guest_free_bytes(&image);

        assert_in_range(room, 40, 200);
        memset(route + 2, 'x', room);
        route[2 + room] = '\0';
        assert_int_equal(guest_build(&image, "web", &settings, &reason), 0);
        assert_int_equal(guest_free_bytes(&image), 0);
        assert_int_equal(image.bytes[IMAGE_SIGNATURE - 1], 0); /* the end of the table */
        assert_true(image_has_signature(&image));
        route[2 + room] = 'x';
        route[3 + room] = '\0';
        assert_int_equal(guest_build(&image, "web", &settings, &reason), -EINVAL);
        assert_non_null(strstr(reason.text, ": 1 are missing"));
    }
}

static void steps_fill_the_image(void **state)
{
    struct image_settings block = image_settings(guest_find("load")->bytes);
    size_t most = (block.room - 2) / 4;
    char profile[IMAGE_SIZE * 8] = "";
    struct guest_settings settings = {.profile = profile};
    struct reason reason;
    struct image image;

    (void)state;
    for (size_t i = 0; i < most; i++)
        strncat(profile, i ? ",1s@50" : "1s@50", sizeof(profile) - strlen(profile) - 1);
    assert_int_equal(guest_build(&image, "load", &settings, &reason), 0);
    assert_true(guest_free_bytes(&image) < 4);
    assert_true(image_has_signature(&image));
    strncat(profile, ",1s@50", sizeof(profile) - strlen(profile) - 1);
    assert_int_equal(guest_build(&image, "load", &settings, &reason), -EINVAL);
    assert_non_null(strstr(reason.text, ": 4 bytes are missing"));

    memset(profile, '1', 200);
    profile[200] = '\0';
    assert_int_equal(guest_build(&image, "load", &settings, &reason), -EINVAL);
    memcpy(profile + 190, "@1", 2);
    assert_int_equal(guest_build(&image, "load", &settings, &reason), -EINVAL);
}

static void named_profiles(void **state)
{
    size_t count;
    const struct load_profile *profiles = load_profiles(&count);

    (void)state;
    assert_int_equal(count, 4);
    for (size_t i = 0; i < count; i++) {
        struct guest_settings named = {.profile = profiles[i].name}, listed = {.profile = profiles[i].steps};
        struct reason reason;
        struct image a, b;

        assert_int_equal(guest_build(&a, "load", &named, &reason), 0);
        assert_int_equal(guest_build(&b, "load", &listed, &reason), 0);
        assert_memory_equal(a.bytes, b.bytes, IMAGE_SIZE);
    }
}

static void rates(void **state)
{
    static const struct {
        double rate;
        const char *described; /* NULL: refused */
    } cases[] = {
        {0, "rate 1\n"},       {0.01, "rate 0.01\n"},
        {0.25, "rate 0.25\n"}, {1, "rate 1\n"},
        {18.2, "rate 18.2\n"}, {20, "rate 20\n"},
        {1000, "rate 1000\n"}, {0.0099, NULL},
        {1000.1, NULL},        {-1, NULL},
        {1e300, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct guest_settings settings = {.rate = cases[i].rate};
        struct reason reason;
        struct image image;
        int error = guest_build(&image, "disk", &settings, &reason);

        if (!cases[i].described) {
            assert_int_equal(error, -EINVAL);
            assert_non_null(strstr(reason.text, "from 0.01 to 1000"));
            continue;
        }
        char *described = guest_find("disk")->describe(image.bytes);

        assert_int_equal(error, 0);
        assert_string_equal(described, cases[i].described);
        free(described);
    }
}

static void timer_setting(void **state)
{
    static const struct {
        double timer;
        const char *described; /* NULL: refused */
    } cases[] = {
        {0, "timer 18.207\n"},    {18.3, "timer 18.3\n"}, {100, "timer 99.998\n"}, {1000, "timer 1000.2\n"},
        {10000, "timer 10027\n"}, {18.2, NULL},           {10001, NULL},           {-1, NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct guest_settings settings = {.timer = cases[i].timer};
        struct reason reason;
        struct image image;
        int error = guest_build(&image, "tick", &settings, &reason);

        if (!cases[i].described) {
            assert_int_equal(error, -EINVAL);
            assert_non_null(strstr(reason.text, "from 18.3 to 10000"));
            continue;
        }
        char *described = guest_find("tick")->describe(image.bytes);

        assert_int_equal(error, 0);
        assert_string_equal(described, cases[i].described);
        free(described);
    }
}

static void setting_options(void **state)
{
    char *argv[] = {"x",      "--route", "/=a",       "--route=/b=c", "--work", "5",
                    "--rate", "2.5",     "--profile", "10",           NULL};
    struct guest_settings settings;
    struct option_set set = {
        .specs = guest_setting_specs, .count = guest_setting_spec_count, .values = &settings};
    struct reason reason;
    char **operands;
    int operand_count;

    (void)state;
    memset(&settings, 0, sizeof(settings));
    assert_int_equal(options_parse(&set, 1, 10, argv, &operands, &operand_count, &reason), 0);
    assert_int_equal(settings.routes.count, 2);
    assert_string_equal(settings.routes.items[1], "/b=c");
    assert_string_equal(settings.work, "5");
    assert_string_equal(settings.profile, "10");
    assert_true(settings.rate == 2.5);
    options_release(&set, 1);

    char *bad[] = {"x", "--rate", "0", NULL};

    assert_int_equal(options_parse(&set, 1, 3, bad, &operands, &operand_count, &reason), -EINVAL);
    options_release(&set, 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(challenge_example),
        cmocka_unit_test(challenge_bounds),
        cmocka_unit_test(challenge_repeats_with_its_seed),
        cmocka_unit_test(challenge_takes_only_the_answer),
        cmocka_unit_test(ready_line),
        cmocka_unit_test(catalog_is_whole),
        cmocka_unit_test(descriptors_refused),
        cmocka_unit_test(hostile_settings),
        cmocka_unit_test(loading),
        cmocka_unit_test(settings_taken),
        cmocka_unit_test(settings_refused),
        cmocka_unit_test(routes_fill_the_image),
        cmocka_unit_test(steps_fill_the_image),
        cmocka_unit_test(named_profiles),
        cmocka_unit_test(rates),
        cmocka_unit_test(timer_setting),
        cmocka_unit_test(setting_options),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
