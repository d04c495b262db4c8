/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mvm host check: findings about this host. */
#include "base/option.h"
#include "base/reason.h"
#include "cmd/cmd.h"
#include "cmd/host.h"
#include "host/check.h"
#include "report/text.h"
#include "result/json.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

struct check_options {
    bool json, help;
};

static const struct option_spec specs[] = {
    {"json", OPTION_FLAG, NULL, "print JSON instead of text", offsetof(struct check_options, json),
     .fallback = NULL},
    {"help", OPTION_FLAG, NULL, "print this help", offsetof(struct check_options, help), .fallback = NULL},
};

static int usage(const struct reason *reason)
{
    fprintf(stderr, "mvm host check: %s\n", reason->text);
    return EXIT_USAGE;
}

static json_t *text_or_null(const char *text)
{
    return text && text[0] ? result_json_text(text) : json_null();
}

static void print_json(const struct host_findings *findings, const struct kvm_state *kvm)
{
    static const char *const verdicts[] = {
        [FINDING_GOOD] = "good", [FINDING_BETTER] = "better", [FINDING_BAD] = "bad"};
    json_t *list = json_array(), *state = json_object(), *root = json_object();

    json_object_set_new(state, "usable", json_boolean(kvm->usable));
    json_object_set_new(state, "why_not", text_or_null(kvm->why_not));
    json_object_set_new(state, "module", text_or_null(kvm->module));
    json_object_set_new(state, "nested", json_boolean(kvm->nested));
    for (size_t i = 0; i < findings->count; i++) {
        const struct host_finding *finding = &findings->items[i];
        json_t *object = json_object();

        json_object_set_new(object, "name", json_string(finding->name));
        json_object_set_new(object, "value", result_json_text(finding->value));
        json_object_set_new(object, "verdict", json_string(verdicts[finding->verdict]));
        json_object_set_new(object, "meaning", json_string(finding->meaning));
        json_object_set_new(object, "advice", text_or_null(finding->advice));
        json_object_set_new(object, "command", text_or_null(finding->command));
        json_array_append_new(list, object);
    }
    json_object_set_new(root, "kvm", state);
    json_object_set_new(root, "findings", list);
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

        printf("\n%-26s%-26s%s\n", finding->name, text_clean(finding->value, value, sizeof(value)),
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

int host_check_main(int argc, char **argv)
{
    struct check_options options;
    const struct option_set set = {NULL, specs, sizeof(specs) / sizeof(specs[0]), &options};
    struct host_findings findings = {.items = NULL};
    struct kvm_state kvm;
    struct reason reason = {""};
    char **operands;
    int operand_count;

    if (options_parse(&set, 1, argc, argv, &operands, &operand_count, &reason) < 0)
        return usage(&reason);
    if (options.help) {
        printf(
            "usage: mvm host check [--json]\n\n"
            "Says whether KVM is there and can be used, and which settings of its modules matter for the "
            "number of "
            "VMs:\nthe value of each, what it means, what would be better and the command for it. Nothing is "
            "changed.\nExit status: 0 checked, whatever was found; 2 bad usage.\n");
        options_print_help(&set, 1, stdout);
        return EXIT_DONE;
    }
    if (operand_count > 0) {
        reason_set(&reason, EINVAL, "'%s' is not an option", operands[0]);
        return usage(&reason);
    }
    if (host_check_kvm(&findings, "", &kvm) < 0) {
        fprintf(stderr, "mvm host check: no memory\n");
        host_findings_release(&findings);
        return EXIT_FAILED;
    }
    if (options.json)
        print_json(&findings, &kvm);
    else
        print_text(&findings, &kvm);
    host_findings_release(&findings);
    return EXIT_DONE;
}
