/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A population that is saved comes back as it was, or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/reason.h"
#include "guest/challenge.h"
#include "guests_embedded.h"
#include "vmm/vmm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { VMS = 300, ALTERATIONS = 300, FILE_MOST = 1 << 20 };

static char folder[] = "/tmp/test-vmm-snapshot-XXXXXX", saved[64], altered[64];

static struct vmm_options options_of(unsigned workers)
{
    return (struct vmm_options){.workers = workers,
                                .memory_mib = 1,
                                .slice = 50000,
                                .boot_timeout_ns = 30 * NS_PER_SECOND,
                                .drive = 0x80,
                                .learn = true,
                                .ready_line = "mvm1 sleep"};
}

static struct vmm *open_sleepers(unsigned workers, uint64_t count)
{
    const struct vmm_options options = options_of(workers);
    struct reason reason = {""};
    struct vmm *vmm;

    assert_int_equal(vmm_open(&options, embedded_sleep, &vmm, &reason), 0);
    vmm_boot(vmm, count);
    while (vmm_booting(vmm) > 0)
        clock_sleep_until(clock_now_ns() + NS_PER_MILLISECOND);
    return vmm;
}

struct question {
    struct vmm_request request;
    struct challenge challenge;
    char answer[64];
};

static void send(struct vmm *vmm, struct question *questions, uint64_t count)
{
    static struct random random = {.state = 11};

    for (uint64_t vm = 0; vm < count; vm++) {
        struct question *question = &questions[vm];
        struct vmm_request *request = &question->request;

        challenge_make(&question->challenge, &random);
        *request = (struct vmm_request){.vm = vm,
                                        .bytes = question->challenge.request,
                                        .length = strlen(question->challenge.request),
                                        .answer = question->answer,
                                        .room = sizeof(question->answer),
                                        .deadline_ns = clock_now_ns() + 20 * NS_PER_SECOND};
        vmm_submit(vmm, &request, 1);
    }
}

/* Returns how many answered right. */
static uint64_t collect(struct vmm *vmm, uint64_t count)
{
    uint64_t right = 0;

    for (uint64_t i = 0; i < count;) {
        struct vmm_request *done;

        if (vmm_reap(vmm, &done, 1, clock_now_ns() + NS_PER_SECOND) == 0)
            continue;
        struct question *question = (struct question *)done;

        right += done->status == 0 &&
                 challenge_answered(&question->challenge, question->answer, done->answer_length);
        i++;
    }
    return right;
}

static uint64_t ask_all(struct vmm *vmm, uint64_t count)
{
    struct question *questions = calloc(count, sizeof(*questions));

    assert_non_null(questions);
    send(vmm, questions, count);
    uint64_t right = collect(vmm, count);

    free(questions);
    return right;
}

static void it_comes_back_with_another_number_of_workers(void **state)
{
    struct reason reason = {""};
    struct vmm_saved content;
    struct vmm_counts counts;
    struct vmm *vmm = open_sleepers(2, VMS);

    (void)state;
    assert_int_equal(vmm_save(vmm, saved, &reason), 0);
    assert_int_equal(ask_all(vmm, VMS), VMS); /* they go on */
    vmm_close(vmm);

    assert_int_equal(vmm_look(saved, &content, &reason), 0);
    assert_int_equal(content.vms, VMS);
    assert_int_equal(content.memory_mib, 1);
    assert_memory_equal(content.image, embedded_sleep, 512);

    const struct vmm_options options = options_of(3);

    assert_int_equal(vmm_restore(&options, saved, &vmm, &reason), 0);
    vmm_count(vmm, &counts);
    assert_int_equal(counts.running, VMS);
    assert_int_equal(ask_all(vmm, VMS), VMS);
    vmm_boot(vmm, 7); /* and it grows */
    while (vmm_booting(vmm) > 0)
        clock_sleep_until(clock_now_ns() + NS_PER_MILLISECOND);
    assert_int_equal(ask_all(vmm, VMS + 7), VMS + 7);
    vmm_close(vmm);
}

static void it_may_be_saved_while_vms_are_asked(void **state)
{
    struct reason reason = {""};
    struct vmm *vmm = open_sleepers(2, VMS);
    struct question *questions = calloc(VMS, sizeof(*questions));
    const struct vmm_options options = options_of(1);

    (void)state;
    assert_non_null(questions);
    for (unsigned round = 0; round < 5; round++) {
        send(vmm, questions, VMS);
        assert_int_equal(vmm_save(vmm, saved, &reason), 0);
        assert_int_equal(collect(vmm, VMS), VMS); /* no request is lost */
    }
    vmm_close(vmm);
    free(questions);

    /* Those that were saved in the middle of a line end it with the next one, and answer that together. */
    assert_int_equal(vmm_restore(&options, saved, &vmm, &reason), 0);
    (void)ask_all(vmm, VMS);
    assert_int_equal(ask_all(vmm, VMS), VMS);
    vmm_close(vmm);
}

static void write_file(const char *path, const uint8_t *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

static void an_altered_or_cut_file_is_refused(void **state)
{
    const struct vmm_options options = options_of(2);
    struct reason reason = {""};
    struct vmm *vmm = open_sleepers(1, 20);
    struct random random = {.state = 5};
    uint8_t *bytes = malloc(FILE_MOST);

    (void)state;
    assert_non_null(bytes);
    assert_int_equal(vmm_save(vmm, saved, &reason), 0);
    vmm_close(vmm);
    FILE *file = fopen(saved, "rb");
    size_t size = fread(bytes, 1, FILE_MOST, file);

    fclose(file);
    assert_in_range(size, 1000, FILE_MOST - 1);
    for (unsigned i = 0; i < ALTERATIONS; i++) {
        size_t at = i < 64 ? i : random_below(&random, size);
        uint8_t bit = (uint8_t)(1u << random_below(&random, 8));

        bytes[at] ^= bit;
        write_file(altered, bytes, size);
        assert_int_equal(vmm_restore(&options, altered, &vmm, &reason), -EBADMSG);
        bytes[at] ^= bit;
        write_file(altered, bytes, random_below(&random, size));
        assert_int_equal(vmm_restore(&options, altered, &vmm, &reason), -EBADMSG);
    }
    bytes[size] = 0; /* a byte too many */
    write_file(altered, bytes, size + 1);
    assert_int_equal(vmm_restore(&options, altered, &vmm, &reason), -EBADMSG);
    assert_int_equal(vmm_restore(&options, folder, &vmm, &reason), -EBADMSG);
    assert_int_equal(vmm_restore(&options, "/tmp/there-is-no-such-file", &vmm, &reason), -ENOENT);
    free(bytes);
}

static void a_limit_that_does_not_hold_it_is_named(void **state)
{
    struct vmm_options options = options_of(2);
    struct reason reason = {""};
    struct vmm *vmm = open_sleepers(2, 20000);

    (void)state;
    assert_int_equal(vmm_save(vmm, saved, &reason), 0);
    vmm_close(vmm);
    options.memory_limit = 300000;
    assert_int_equal(vmm_restore(&options, saved, &vmm, &reason), -ENOMEM);
    assert_non_null(strstr(reason.text, "memory limit"));
}

static void a_file_that_cannot_be_written_leaves_the_population(void **state)
{
    struct reason reason = {""};
    struct vmm *vmm = open_sleepers(2, 10);

    (void)state;
    assert_int_equal(vmm_save(vmm, "/tmp/there-is-no-such-folder/file", &reason), -ENOENT);
    assert_int_equal(ask_all(vmm, 10), 10);
    vmm_close(vmm);
}

static void why_a_vm_stopped_is_in_the_file(void **state)
{
    struct vmm_options options = options_of(2);
    struct reason reason = {""};
    struct vmm_counts counts;
    struct vmm *vmm;
    char before[100], after[100];

    (void)state;
    options.ready_line = NULL;
    uint8_t image[512] = {0xfa, 0x0f, 0x0b}; /* CLI, UD2: the firmware stops it */

    image[510] = 0x55;
    image[511] = 0xaa;
    assert_int_equal(vmm_open(&options, image, &vmm, &reason), 0);
    vmm_boot(vmm, 3);
    while (vmm_booting(vmm) > 0)
        clock_sleep_until(clock_now_ns() + NS_PER_MILLISECOND);
    vmm_last_stop(vmm, before, sizeof(before));
    assert_non_null(strstr(before, "exception 6"));
    assert_int_equal(vmm_save(vmm, saved, &reason), 0);
    vmm_close(vmm);
    assert_int_equal(vmm_restore(&options, saved, &vmm, &reason), 0);
    vmm_last_stop(vmm, after, sizeof(after));
    assert_string_equal(after, before);
    vmm_explain(vmm, 2, after, sizeof(after));
    assert_string_equal(after, before);
    vmm_count(vmm, &counts);
    assert_int_equal(counts.stopped, 3);
    vmm_close(vmm);
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(saved);
    unlink(altered);
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_comes_back_with_another_number_of_workers),
        cmocka_unit_test(it_may_be_saved_while_vms_are_asked),
        cmocka_unit_test(an_altered_or_cut_file_is_refused),
        cmocka_unit_test(a_limit_that_does_not_hold_it_is_named),
        cmocka_unit_test(why_a_vm_stopped_is_in_the_file),
        cmocka_unit_test(a_file_that_cannot_be_written_leaves_the_population),
    };

    if (!mkdtemp(folder))
        return 1;
    snprintf(saved, sizeof(saved), "%s/saved", folder);
    snprintf(altered, sizeof(altered), "%s/altered", folder);
    return cmocka_run_group_tests(tests, NULL, remove_folder);
}
