/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mvm host check: what this host has, and how many VMs it holds. */
#include "base/option.h"
#include "base/reason.h"
#include "cmd/cmd.h"
#include "cmd/host.h"
#include "cmd/host_engine.h"
#include "cmd/host_plan.h"
#include "host/check.h"
#include "report/text.h"
#include "result/json.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct check_options {
    const char *engine;
    uint64_t vms, memory_limit, memory_each;
    bool json, help;
};

#define FIELD(name) offsetof(struct check_options, name)

static const struct option_spec specs[] = {
    {"vms", OPTION_COUNT, "N", "how many VMs are wanted", FIELD(vms), .fallback = NULL, .least = 1,
     .most = 1e12},
    {"engine", OPTION_TEXT, "NAME", "the way of running VMs; its own options stand below", FIELD(engine),
     .fallback = "qemu"},
    {"memory-limit", OPTION_SIZE, "SIZE",
     "the share of the host's memory that the VMs are to have; without it, all", FIELD(memory_limit),
     .fallback = NULL, .least = 0x1p20, .most = 0x1p60},
    {"memory-each", OPTION_SIZE, "SIZE",
     "memory of a VM, where that is known better than by the engine (.per_vm.memory_bytes of a result)",
     FIELD(memory_each), .fallback = NULL, .least = 1, .most = 0x1p50},
    {"json", OPTION_FLAG, NULL, "print JSON instead of text", FIELD(json), .fallback = NULL},
    {"help", OPTION_FLAG, NULL, "print this help", FIELD(help), .fallback = NULL},
};

static const struct option_set own_set = {.specs = specs, .count = sizeof(specs) / sizeof(specs[0])};

static int usage(const struct reason *reason)
{
    return host_part_usage("check", reason);
}

/* Takes over the reference to `plan`. */
static void print_json(const struct host_findings *findings, const struct kvm_state *kvm, json_t *plan)
{
    static const char *const verdicts[] = {
        [FINDING_GOOD] = "good", [FINDING_BETTER] = "better", [FINDING_BAD] = "bad"};
    json_t *list = json_array(), *state = json_object(), *root = json_object();

    json_object_set_new(state, "usable", json_boolean(kvm->usable));
    json_object_set_new(state, "why_not", result_json_text_or_null(kvm->why_not));
    json_object_set_new(state, "module", result_json_text_or_null(kvm->module));
    json_object_set_new(state, "nested", json_boolean(kvm->nested));
    for (size_t i = 0; i < findings->count; i++) {
        const struct host_finding *finding = &findings->items[i];
        json_t *object = json_object();

        json_object_set_new(object, "name", json_string(finding->name));
        json_object_set_new(object, "value", result_json_text(finding->value));
        json_object_set_new(object, "verdict", json_string(verdicts[finding->verdict]));
        json_object_set_new(object, "meaning", json_string(finding->meaning));
        json_object_set_new(object, "advice", result_json_text_or_null(finding->advice));
        json_object_set_new(object, "command", result_json_text_or_null(finding->command));
        json_array_append_new(list, object);
    }
    json_object_set_new(root, "kvm", state);
    json_object_set_new(root, "findings", list);
    json_object_set_new(root, "plan", plan);
    json_dumpf(root, stdout, RESULT_JSON_FLAGS);
    putchar('\n');
    json_decref(root);
}

static void print_text(const struct host_findings *findings, const struct kvm_state *kvm)
{
    size_t better = 0;

    text_print_wrapped("KVM is ", kvm->usable ? "usable" : "not usable", stdout);
    if (kvm->why_not[0])
        text_print_wrapped("  ", kvm->why_not, stdout);
    for (size_t i = 0; i < findings->count; i++) {
        const struct host_finding *finding = &findings->items[i];
        char value[sizeof(finding->value)];

        printf("\n%-26s%-26s  %s\n", finding->name, text_clean(finding->value, value, sizeof(value)),
               finding_verdict_text(finding->verdict));
        text_print_wrapped("  ", finding->meaning, stdout);
        if (finding->advice)
            text_print_wrapped("  better: ", finding->advice, stdout);
        if (finding->command[0])
            printf("    %s\n", finding->command);
        better += finding->verdict != FINDING_GOOD;
    }
    printf("\n%zu of %zu could be better for many VMs\n", better, findings->count);
}

static int find_all(struct host_findings *findings, struct kvm_state *ret_kvm)
{
    int error = host_check_kvm(findings, "", ret_kvm);

    if (!error)
        error = host_check_memory(findings, "");
    if (!error)
        error = host_check_cpu(findings, "");
    return error ? error : host_check_programs(findings, "");
}

static int check(const void *values, struct host_engine *engine)
{
    const struct check_options *options = values;
    struct host_findings findings = {.items = NULL};
    struct host_ceilings *ceilings = NULL;
    struct host_needs needs;
    struct kvm_state kvm;
    struct reason reason = {""}, obstacle;

    if (host_engine_needs(engine, options->memory_each, &needs, &obstacle, &reason) < 0)
        return usage(&reason);
    int error = host_ceilings_read(&ceilings, &needs, options->vms, options->memory_limit, "", &reason);

    if (!error && find_all(&findings, &kvm) < 0)
        error = reason_set(&reason, ENOMEM, "no memory");
    if (error)
        fprintf(stderr, "mvm host check: %s\n", reason.text);
    else if (options->json)
        print_json(&findings, &kvm, host_plan_json(ceilings, engine->engine, obstacle.text));
    else {
        print_text(&findings, &kvm);
        fputc('\n', stdout);
        if (obstacle.text[0])
            text_print_wrapped("this engine cannot run here: ", obstacle.text, stdout);
        host_plan_print(ceilings, engine->engine, stdout);
    }
    host_findings_release(&findings);
    free(ceilings);
    return error ? EXIT_FAILED : EXIT_DONE;
}

static int host_check_main(int argc, char **argv)
{
    struct check_options options = {0};
    const struct host_part part = {
        .name = "check", .command = &cmd_host_check, .set = &own_set, .run = check};

    return host_part_main(&part, &options, &options.help, argc, argv);
}

const struct command cmd_host_check = {
    .name = "host check",
    .summary = "what this host has, how many VMs fit, and what gives out first",
    .usage = (const char *const[]){"[--vms N] [--engine NAME] [OPTIONS]", NULL},
    .text = "What this host has, and which of its settings matter for the number of VMs: the value of each, "
            "what it means, "
            "what would be better and the command for it. Then the ceilings: how many VMs of the engine each "
            "limit holds, "
            "and which one gives out first. Nothing is changed; 'mvm host tune' does that.",
    .more = "What each line means is told in docs/host.md. An engine that cannot run here is still reckoned "
            "with, and it is "
            "said what is in its way.",
    .options = (const struct option_set *const[]){&own_set, NULL},
    .engine = "qemu",
    .statuses =
        (const struct command_status[]){
            {0, "checked, whatever was found"}, {1, "the host cannot be read"}, {2, "bad usage"}, {0}},
    .examples =
        (const struct command_example[]){
            {"mvm host check --vms 10000 --engine qemu", "Do ten thousand VMs of QEMU fit, and if not, why?"},
            {"mvm host check --json | jq .plan.first", "The limit that gives out first"},
            {0}},
    .see = "host-tune scale",
    .json = "host-check",
    .operands = OPERANDS_NONE,
    .run = host_check_main,
};
