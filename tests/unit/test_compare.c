/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What changed between two runs, and whether it is more than noise. */
#include "canned.h"
#include "report/compare.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct slope slope(double low, double value, double high)
{
    return (struct slope){.known = true, .low = low, .value = value, .high = high};
}

struct pair {
    struct result a, b;
};

static int set_up(void **state)
{
    struct pair *pair = malloc(sizeof(*pair));
    canned_result(&pair->a, &canned_sleep);
    canned_result(&pair->b, &canned_sleep);
    *state = pair;
    return 0;
}

static int tear_down(void **state)
{
    struct pair *pair = *state;
    result_release(&pair->a);
    result_release(&pair->b);
    free(pair);
    return 0;
}

static void test_same(void **state)
{
    struct pair *pair = *state;
    struct comparison comparison;
    compare_results(&pair->a, &pair->b, &comparison);
    assert_string_equal(comparison.unlike, "");
    assert_false(comparison.figures[COMPARE_OWN_MEMORY].known); /* their VMs are processes */
    for (int i = 0; i < COMPARE_COUNT; i++) {
        if (i == COMPARE_OWN_MEMORY || i == COMPARE_OWN_CPU || i == COMPARE_CLOUD_MEMORY ||
            i == COMPARE_CLOUD_CPU) {
            assert_false(comparison.figures[i].known); /* and on one host */
            continue;
        }
        assert_true(comparison.figures[i].known);
        assert_true(fabs(comparison.figures[i].change) < 1e-12);
        assert_false(comparison.figures[i].more_than_noise);
        assert_false(compare_worse(&comparison.figures[i], 0));
    }
    assert_false(comparison.figures[COMPARE_BOOT].has_interval);
}

/* Half widths 3 and 4 make 5. */
static void test_interval(void **state)
{
    static const struct {
        double b;
        bool more_than_noise;
    } cases[] = {{100, false}, {104.9, false}, {105.1, true}, {95.1, false}, {94.9, true}};
    struct pair *pair = *state;
    struct comparison comparison;
    const struct compared *memory = &comparison.figures[COMPARE_MEMORY];
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        double b = cases[i].b;
        pair->a.per_vm.memory_bytes = slope(97, 100, 103);
        pair->b.per_vm.memory_bytes = slope(b - 4, b, b + 4);
        compare_results(&pair->a, &pair->b, &comparison);
        assert_true(fabs(memory->change - (b - 100)) < 1e-9);
        assert_true(fabs(memory->change_high - memory->change - 5) < 1e-9);
        assert_true(fabs(memory->change - memory->change_low - 5) < 1e-9);
        assert_true(fabs(memory->percent - (b - 100)) < 1e-9);
        assert_int_equal(memory->more_than_noise, cases[i].more_than_noise);
    }
}

static void test_worse(void **state)
{
    static const struct {
        double a, b, half, percent;
        bool worse;
    } cases[] = {
        {100, 110, 1, 5, true},   /* more by 10 %, beyond noise */
        {100, 110, 1, 10, false}, /* not more than 10 % */
        {100, 110, 20, 5, false}, /* within noise */
        {100, 90, 1, 5, false},   /* better */
        {0, 1, 0.1, 1000, true},  /* from nothing to something */
        {-1, 1, 0.1, 100, true},  /* a slope below zero is noise around nothing */
        {100, 100, 0, 0, false},  /* no change and no noise */
    };
    struct pair *pair = *state;
    struct comparison comparison;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        pair->a.per_vm.cpu_percent_of_host =
            slope(cases[i].a - cases[i].half, cases[i].a, cases[i].a + cases[i].half);
        pair->b.per_vm.cpu_percent_of_host =
            slope(cases[i].b - cases[i].half, cases[i].b, cases[i].b + cases[i].half);
        compare_results(&pair->a, &pair->b, &comparison);
        assert_int_equal(compare_worse(&comparison.figures[COMPARE_CPU], cases[i].percent), cases[i].worse);
    }
}

static void test_unknown(void **state)
{
    struct pair *pair = *state;
    struct comparison comparison;
    pair->a.per_vm.memory_bytes.known = false;
    pair->b.per_vm.cpu_percent_of_host.low = NAN;
    pair->b.per_vm.boot_seconds_median = 0;
    compare_results(&pair->a, &pair->b, &comparison);
    assert_false(comparison.figures[COMPARE_MEMORY].known);
    assert_true(comparison.figures[COMPARE_CPU].known);
    assert_false(comparison.figures[COMPARE_CPU].has_interval);
    assert_false(compare_worse(&comparison.figures[COMPARE_CPU], 0));
    assert_false(comparison.figures[COMPARE_BOOT].known);
}

static void change_class(struct result *result)
{
    result->engine.class_letter[0] = 'T';
}
static void change_image(struct result *result)
{
    result->image.sha256[0] = 'f';
}
static void change_memory_limit(struct result *result)
{
    result->plan.memory_limit_bytes = 1 << 30;
}
static void change_cpu_limit(struct result *result)
{
    result->plan.cpu_limit = 1;
}
static void change_host(struct result *result)
{
    result->host.cpus = 48;
}
static void change_governor(struct result *result)
{
    snprintf(result->host.frequency_governor, sizeof(result->host.frequency_governor), "powersave");
}
static void change_proof(struct result *result)
{
    result->population.provable = false;
}

static void change_load(struct result *result)
{
    result->plan.load_known = true;
    result->plan.load.rate = 500;
    snprintf(result->plan.load.targets, sizeof(result->plan.load.targets), "zipf");
}

static void test_unlike(void **state)
{
    static const struct {
        void (*change)(struct result *result);
        const char *named;
    } cases[] = {
        {change_class, "class (A and T)"},
        {change_image, "image ("},
        {change_memory_limit, "what 100 % is ("},
        {change_cpu_limit, "1 CPUs"},
        {change_host, "48 CPUs"},
        {change_governor, "the host's settings"},
        {change_proof, "proof of life"},
        {change_load, "load (none and 500 requests a second, zipf)"},
    };
    struct pair *pair = *state;
    struct comparison comparison;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct result b = pair->b;
        cases[i].change(&b);
        compare_results(&pair->a, &b, &comparison);
        if (!strstr(comparison.unlike, cases[i].named))
            fail_msg("\"%s\" does not name \"%s\"", comparison.unlike, cases[i].named);
        /* Figures are there all the same, for --force. */
        assert_true(comparison.figures[COMPARE_MEMORY].known);
    }
}

static void test_table(void **state)
{
    struct pair *pair = *state;
    struct comparison comparison;
    char *text = NULL;
    size_t length = 0;
    pair->b.per_vm.memory_bytes = slope(13.2e6, 13.3e6, 13.4e6);
    pair->b.per_vm.boot_seconds_median = 0.61;
    change_image(&pair->b);
    compare_results(&pair->a, &pair->b, &comparison);
    FILE *to = open_memstream(&text, &length);
    compare_print(&comparison, to);
    fclose(to);
    canned_golden("report/compare.txt", text, length);
    free(text);
}

/* VMs in the measuring process have two accounts; the finer one sees what the host's noise hides. */
static void test_own_account(void **state)
{
    struct pair *pair = *state;
    struct comparison comparison;
    char *text = NULL;
    size_t length = 0;
    pair->a.per_vm.memory_bytes = slope(10, 30, 50);
    pair->b.per_vm.memory_bytes = slope(12, 33, 54);
    pair->a.per_vm.own_memory_bytes = slope(29.9, 30, 30.1);
    pair->b.per_vm.own_memory_bytes = slope(32.9, 33, 33.1);
    compare_results(&pair->a, &pair->b, &comparison);
    assert_false(comparison.figures[COMPARE_MEMORY].more_than_noise);
    assert_true(compare_worse(&comparison.figures[COMPARE_OWN_MEMORY], 5));
    assert_false(comparison.figures[COMPARE_OWN_CPU].known);
    FILE *to = open_memstream(&text, &length);
    compare_print(&comparison, to);
    fclose(to);
    assert_non_null(strstr(text, "memory, own"));
    assert_null(strstr(text, "CPU, own"));
    assert_null(strstr(text, "cloud"));
    free(text);
}

/* Where hosts are read, what VMs take of them is compared too. */
static void test_cloud(void **state)
{
    struct pair *pair = *state;
    struct comparison comparison;
    char *text = NULL;
    size_t length = 0;
    pair->a.cloud.per_vm.memory_bytes = slope(29.9, 30, 30.1);
    pair->b.cloud.per_vm.memory_bytes = slope(32.9, 33, 33.1);
    compare_results(&pair->a, &pair->b, &comparison);
    assert_true(compare_worse(&comparison.figures[COMPARE_CLOUD_MEMORY], 5));
    FILE *to = open_memstream(&text, &length);
    compare_print(&comparison, to);
    fclose(to);
    assert_non_null(strstr(text, "memory, cloud"));
    assert_non_null(strstr(text, "all hosts that were read"));
    assert_null(strstr(text, "CPU, cloud"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_same, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_interval, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_worse, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unknown, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_unlike, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_own_account, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_cloud, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_table, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
