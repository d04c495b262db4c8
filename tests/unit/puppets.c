/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "puppets.h"

#include "base/clock.h"
#include "base/reason.h"
#include "guest/challenge.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CODE_MOST = 1000 };
#define PATIENCE_NS (10 * NS_PER_SECOND)

struct vmm_options puppets_options(unsigned workers)
{
    return (struct vmm_options){.workers = workers,
                                .memory_mib = 1,
                                .slice = 50000,
                                .output_limit = 1 << 20,
                                .boot_timeout_ns = PATIENCE_NS,
                                .drive = 0x80,
                                .learn = true,
                                .ready_line = "mvm1 puppet"};
}

const uint8_t *puppets_image(void)
{
    static uint8_t image[512];
    const char *path = getenv("MVM_PUPPET");
    FILE *file = path ? fopen(path, "rb") : NULL;

    if (!file || fread(image, sizeof(image), 1, file) != 1)
        fail_msg("MVM_PUPPET does not name the puppet's image");
    fclose(file);
    return image;
}

void puppets_open(struct puppets *puppets, const struct vmm_options *options, uint64_t count)
{
    struct reason reason = {""};
    struct vmm_counts counts;
    uint64_t until = clock_now_ns() + PATIENCE_NS;

    *puppets = (struct puppets){.count = count, .random = {1}, .patience_ns = PATIENCE_NS};
    if (vmm_open(options, puppets_image(), &puppets->vmm, &reason) < 0)
        fail_msg("%s", reason.text);
    vmm_boot(puppets->vmm, count);
    while (vmm_booting(puppets->vmm) > 0 && clock_now_ns() < until)
        clock_sleep_until(clock_now_ns() + NS_PER_MILLISECOND);
    vmm_count(puppets->vmm, &counts);
    assert_int_equal(counts.running, count);
}

void puppets_close(struct puppets *puppets)
{
    vmm_close(puppets->vmm);
}

int puppets_ask(struct puppets *puppets, uint64_t vm, const char *line, char *answer, size_t room,
                uint64_t timeout_ns)
{
    struct vmm_request request = {.vm = vm,
                                  .bytes = line,
                                  .length = strlen(line),
                                  .answer = answer,
                                  .room = room,
                                  .deadline_ns = clock_now_ns() + timeout_ns};
    struct vmm_request *list[1] = {&request};

    vmm_submit(puppets->vmm, list, 1);
    while (vmm_reap(puppets->vmm, list, 1, clock_now_ns() + NS_PER_SECOND) == 0)
        ;
    return request.status;
}

int puppets_tell(struct puppets *puppets, uint64_t vm, const uint8_t *code, size_t size)
{
    char line[2 * CODE_MOST + 3] = ":", answer[8];
    int status;

    assert_true(size <= CODE_MOST);
    for (size_t i = 0; i < size; i++)
        snprintf(line + 1 + 2 * i, 3, "%02x", code[i]);
    line[1 + 2 * size] = '\n';
    line[2 + 2 * size] = '\0';
    status = puppets_ask(puppets, vm, line, answer, sizeof(answer), puppets->patience_ns);
    if (status == 0 && puppets->patience_ns == PATIENCE_NS)
        assert_string_equal(answer, "ok");
    return status;
}

uint32_t puppets_counter(struct puppets *puppets, uint64_t vm)
{
    char answer[16], *end;

    assert_int_equal(puppets_ask(puppets, vm, "=\n", answer, sizeof(answer), puppets->patience_ns), 0);
    uint32_t counter = (uint32_t)strtoul(answer, &end, 16);

    assert_ptr_equal(end, answer + 8);
    return counter;
}

int puppets_challenge(struct puppets *puppets, uint64_t vm, uint64_t timeout_ns, uint64_t *ret_took_ns)
{
    char answer[CHALLENGE_ANSWER_ROOM];
    struct challenge challenge;
    uint64_t begin = clock_now_ns();

    challenge_make(&challenge, &puppets->random);
    int status = puppets_ask(puppets, vm, challenge.request, answer, sizeof(answer), timeout_ns);

    if (ret_took_ns)
        *ret_took_ns = clock_now_ns() - begin;
    if (status == 0 && !challenge_answered(&challenge, answer, strlen(answer)))
        return -EILSEQ;
    return status;
}

uint64_t puppets_alive(struct puppets *puppets, uint64_t first, uint64_t count, uint64_t timeout_ns)
{
    struct challenge *challenges = calloc(count, sizeof(*challenges));
    char(*answers)[CHALLENGE_ANSWER_ROOM] = calloc(count, sizeof(*answers));
    struct vmm_request *requests = calloc(count, sizeof(*requests)),
                       **list = calloc(count, sizeof(struct vmm_request *));
    uint64_t right = 0, until = clock_now_ns() + timeout_ns;

    for (uint64_t i = 0; i < count; i++) {
        challenge_make(&challenges[i], &puppets->random);
        requests[i] = (struct vmm_request){.vm = first + i,
                                           .bytes = challenges[i].request,
                                           .length = strlen(challenges[i].request),
                                           .answer = answers[i],
                                           .room = sizeof(answers[i]),
                                           .deadline_ns = until};
        list[i] = &requests[i];
    }
    vmm_submit(puppets->vmm, list, count);
    for (uint64_t got = 0; got < count;)
        got += vmm_reap(puppets->vmm, list, count - got, clock_now_ns() + NS_PER_SECOND);
    for (uint64_t i = 0; i < count; i++)
        right +=
            requests[i].status == 0 && challenge_answered(&challenges[i], answers[i], strlen(answers[i]));
    free(challenges);
    free(answers);
    free(requests);
    free(list);
    return right;
}

void puppets_await_stops(struct puppets *puppets, enum vm_stop stop, uint64_t stopped)
{
    uint64_t until = clock_now_ns() + PATIENCE_NS;
    struct vmm_counts counts;

    do {
        clock_sleep_until(clock_now_ns() + NS_PER_MILLISECOND);
        vmm_count(puppets->vmm, &counts);
    } while (counts.stops[stop] < stopped && clock_now_ns() < until);
    assert_int_equal(counts.stops[stop], stopped);
}
