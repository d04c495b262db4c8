/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a trace of one VM says while it answers a challenge. */
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
#include "vmm/disassembly.h"
#include "vmm/vmm.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { TRACE_ROOM = 1 << 18 };

struct trace {
    char text[TRACE_ROOM];
    size_t length;
};

static void add_line(void *context, const char *line)
{
    struct trace *trace = context;

    trace->length +=
        (size_t)snprintf(trace->text + trace->length, sizeof(trace->text) - trace->length, "%s\n", line);
    assert_true(trace->length < sizeof(trace->text));
}

static struct vmm *open_sleepers(uint64_t count)
{
    const struct vmm_options options = {.workers = 2,
                                        .memory_mib = 1,
                                        .slice = 50000,
                                        .boot_timeout_ns = 30 * NS_PER_SECOND,
                                        .drive = 0x80,
                                        .ready_line = "mvm1 sleep"};
    struct reason reason = {""};
    struct vmm *vmm;

    assert_int_equal(vmm_open(&options, embedded_sleep, &vmm, &reason), 0);
    vmm_boot(vmm, count);
    while (vmm_booting(vmm) > 0)
        clock_sleep_until(clock_now_ns() + NS_PER_MILLISECOND);
    return vmm;
}

static void ask(struct vmm *vmm, uint64_t vm)
{
    struct random random = {.state = 7};
    struct challenge challenge;
    char answer[64];
    struct vmm_request request = {.vm = vm, .answer = answer, .room = sizeof(answer)}, *list = &request,
                       *done;

    challenge_make(&challenge, &random);
    request.bytes = challenge.request;
    request.length = strlen(challenge.request);
    request.deadline_ns = clock_now_ns() + 10 * NS_PER_SECOND;
    vmm_submit(vmm, &list, 1);
    while (vmm_reap(vmm, &done, 1, clock_now_ns() + NS_PER_SECOND) == 0)
        ;
    assert_int_equal(request.status, 0);
    assert_true(challenge_answered(&challenge, answer, request.answer_length));
}

static void a_trace_tells_interrupts_instructions_and_ports(void **state)
{
    static struct trace trace;
    struct vmm *vmm = open_sleepers(4);

    (void)state;
    assert_int_equal(vmm_trace_start(vmm, 3, add_line, &trace), 0);
    assert_int_equal(vmm_trace_start(vmm, 2, add_line, &trace), -EBUSY);
    ask(vmm, 2);
    assert_int_equal(trace.length, 0); /* it is another VM */
    ask(vmm, 3);
    vmm_trace_stop(vmm);
    size_t length = trace.length;

    assert_non_null(strstr(trace.text, "           interrupt 0C\n"));
    assert_non_null(
        strstr(trace.text, "EC                     in al, dx\n           in  03F8 -> 3F\n")); /* '?' */
    assert_non_null(strstr(trace.text, "out dx, al\n           out 03F8 <- 0A\n"));           /* line feed */
    assert_non_null(strstr(trace.text, "CF                     iret\n"));
    assert_non_null(strstr(trace.text, "F4                     hlt\n"));
    ask(vmm, 3);
    assert_int_equal(trace.length, length);
    assert_int_equal(vmm_trace_start(vmm, 4, add_line, &trace), -ESRCH);
    vmm_close(vmm);
}

static void code_is_disassembled_in_its_size(void **state)
{
    static const uint8_t bytes[16] = {0xb8, 0x34, 0x12, 0x78, 0x56, 0xf4}, none[16] = {0x0f, 0x04};
    struct disassembly *disassembly;
    char text[64];

    (void)state;
    assert_int_equal(disassembly_open(&disassembly), 0);
    assert_int_equal(disassembly_text(disassembly, false, 0, bytes, sizeof(bytes), text, sizeof(text)), 3);
    assert_string_equal(text, "mov ax, 0x1234");
    assert_int_equal(disassembly_text(disassembly, true, 0, bytes, sizeof(bytes), text, sizeof(text)), 5);
    assert_string_equal(text, "mov eax, 0x56781234");
    assert_int_equal(disassembly_text(disassembly, false, 0, none, sizeof(none), text, sizeof(text)), 1);
    assert_string_equal(text, "(not an instruction)");
    disassembly_close(disassembly);
    disassembly_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_trace_tells_interrupts_instructions_and_ports),
        cmocka_unit_test(code_is_disassembled_in_its_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
