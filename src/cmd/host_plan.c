/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/host_plan.h"

#include "report/text.h"
#include "result/json.h"
#include "result/number.h"

#include <string.h>

static bool is_enough(const struct host_ceilings *ceilings, const struct host_ceiling *ceiling)
{
    return ceiling->holds >= ceilings->vms;
}

static uint64_t needed(const struct host_ceilings *ceilings, const struct host_ceiling *ceiling)
{
    return host_need_of(ceilings->needs, &ceiling->need, ceilings->vms);
}

/* VMs that memory holds when the estimate is as wrong as it may be; for all else `holds` itself. */
static void hold_range(const struct host_ceilings *ceilings, const struct host_ceiling *ceiling,
                       uint64_t *ret_least, uint64_t *ret_most)
{
    double error = ceiling->resource == RESOURCE_MEMORY ? ceilings->needs->memory_error / 100 : 0;

    *ret_least = (uint64_t)((double)ceiling->holds / (1 + error));
    *ret_most = (uint64_t)((double)ceiling->holds / (1 - error));
}

static const char *amount_text(const struct host_ceiling *ceiling, uint64_t amount, char text[NUMBER_ROOM])
{
    if (amount >= (uint64_t)INT64_MAX)
        return "-";
    return ceiling->resource == RESOURCE_MEMORY ? size_text((double)amount, text)
                                                : number_grouped(amount, text);
}

static void print_row(const struct host_ceilings *ceilings, const struct host_ceiling *ceiling, FILE *to)
{
    char limit[NUMBER_ROOM], used[NUMBER_ROOM], need[NUMBER_ROOM], holds[NUMBER_ROOM];
    bool unknown = ceiling->holds == UINT64_MAX;

    fprintf(to, "%-34s%16s%16s%16s%16s  %s\n", ceiling->name, amount_text(ceiling, ceiling->limit, limit),
            amount_text(ceiling, ceiling->used, used),
            ceilings->vms > 0 ? amount_text(ceiling, needed(ceilings, ceiling), need) : "",
            unknown ? "any number" : number_grouped(ceiling->holds, holds),
            is_enough(ceilings, ceiling) ? "good" : "in the way");
}

static void print_memory(const struct host_needs *needs, FILE *to)
{
    char size[SIZE_TEXT_ROOM], sentence[512];

    if (!needs->memory_source) {
        text_print_wrapped("memory: ",
                           "what a VM takes of it with these options is not known here; 'mvm scale --max 40' "
                           "measures it, and --memory-each SIZE tells it",
                           to);
        return;
    }
    int length =
        snprintf(sentence, sizeof(sentence), "a VM takes %s", size_text((double)needs->memory.each, size));

    if (needs->memory_error > 0)
        length += snprintf(sentence + length, sizeof(sentence) - (size_t)length, ", %g %% more or less",
                           needs->memory_error);
    snprintf(sentence + length, sizeof(sentence) - (size_t)length, ": %s", needs->memory_source);
    text_print_wrapped("memory: ", sentence, to);
}

static void print_first(const struct host_ceilings *ceilings, FILE *to)
{
    const struct host_ceiling *first = &ceilings->list[ceilings->first];
    char number[NUMBER_ROOM], least_text[NUMBER_ROOM], most_text[NUMBER_ROOM];
    uint64_t least, most;

    if (ceilings->first == ceilings->count) {
        fputs("\nnothing that is counted here gives out\n", to);
        return;
    }
    hold_range(ceilings, first, &least, &most);
    fprintf(to, "\nfirst to give out: %s, at %s VMs", first->name, number_grouped(first->holds, number));
    if (least < most)
        fprintf(to, " (%s to %s)", number_grouped(least, least_text), number_grouped(most, most_text));
    fputc('\n', to);
    text_print_wrapped("  ", first->meaning, to);
}

static void print_remedies(const struct host_ceilings *ceilings, FILE *to)
{
    for (size_t i = 0; i < ceilings->count; i++) {
        const struct host_ceiling *ceiling = &ceilings->list[i];
        char head[256];

        if (is_enough(ceilings, ceiling) && i != ceilings->first)
            continue;
        snprintf(head, sizeof(head), "  more of %s: ", ceiling->name);
        if (ceiling->remedy)
            text_print_wrapped(head, ceiling->remedy, to);
        if (ceiling->command[0])
            fprintf(to, "    %s\n", ceiling->command);
        else if (!ceiling->remedy)
            text_print_wrapped(head, "the kernel takes no higher limit than that", to);
    }
}

void host_plan_print(const struct host_ceilings *ceilings, const struct engine *engine, FILE *to)
{
    const struct host_needs *needs = ceilings->needs;
    char number[NUMBER_ROOM];

    if (ceilings->vms > 0)
        fprintf(to, "%s VMs", number_grouped(ceilings->vms, number));
    else
        fputs("VMs", to);
    fprintf(to, " of the engine %s, class %c\n\n", engine->name, engine->class_letter);
    fprintf(to, "%-34s%16s%16s%16s%16s\n", "ceiling", "limit", "in use", ceilings->vms > 0 ? "they need" : "",
            "holds VMs");
    for (size_t i = 0; i < ceilings->count; i++)
        print_row(ceilings, &ceilings->list[i], to);
    print_first(ceilings, to);
    print_remedies(ceilings, to);
    fputc('\n', to);
    print_memory(needs, to);
    if (needs->remark)
        text_print_wrapped("not counted: ", needs->remark, to);
    text_print_wrapped(
        "a run: ",
        "the standardized test ends before that, when a resource passes its threshold, 90 % if nothing "
        "else is said",
        to);
}

/* Amounts beyond what JSON tools hold exactly mean "no limit" here. */
static json_t *amount_json(uint64_t amount)
{
    return amount < UINT64_C(1) << 53 ? json_integer((json_int_t)amount) : json_null();
}

static json_t *ceiling_json(const struct host_ceilings *ceilings, const struct host_ceiling *ceiling)
{
    json_t *object = json_object();
    uint64_t least, most;

    hold_range(ceilings, ceiling, &least, &most);
    json_object_set_new(object, "name", result_json_text(ceiling->name));
    json_object_set_new(object, "resource", json_string(resource_name(ceiling->resource)));
    json_object_set_new(object, "limit", amount_json(ceiling->limit));
    json_object_set_new(object, "used", amount_json(ceiling->used));
    json_object_set_new(object, "needed",
                        ceilings->vms > 0 ? amount_json(needed(ceilings, ceiling)) : json_null());
    json_object_set_new(object, "holds", amount_json(ceiling->holds));
    json_object_set_new(object, "holds_least",
                        ceiling->holds == UINT64_MAX ? json_null() : amount_json(least));
    json_object_set_new(object, "holds_most", ceiling->holds == UINT64_MAX ? json_null() : amount_json(most));
    json_object_set_new(object, "verdict", json_string(is_enough(ceilings, ceiling) ? "good" : "bad"));
    json_object_set_new(object, "meaning", json_string(ceiling->meaning));
    json_object_set_new(object, "command", result_json_text_or_null(ceiling->command));
    json_object_set_new(object, "remedy", result_json_text_or_null(ceiling->remedy));
    return object;
}

json_t *host_plan_json(const struct host_ceilings *ceilings, const struct engine *engine,
                       const char *obstacle)
{
    const char letter[] = {engine->class_letter, '\0'};
    const struct host_needs *needs = ceilings->needs;
    json_t *object = json_object(), *list = json_array();
    bool known = needs->memory_source != NULL;

    for (size_t i = 0; i < ceilings->count; i++)
        json_array_append_new(list, ceiling_json(ceilings, &ceilings->list[i]));
    json_object_set_new(object, "engine", json_string(engine->name));
    json_object_set_new(object, "class", json_string(letter));
    json_object_set_new(object, "cannot_run", result_json_text_or_null(obstacle));
    json_object_set_new(object, "vms", ceilings->vms > 0 ? amount_json(ceilings->vms) : json_null());
    json_object_set_new(object, "memory_bytes_each", known ? amount_json(needs->memory.each) : json_null());
    json_object_set_new(object, "memory_error_percent",
                        known ? result_json_number(needs->memory_error) : json_null());
    json_object_set_new(object, "memory_source", result_json_text_or_null(needs->memory_source));
    json_object_set_new(object, "remark", result_json_text_or_null(needs->remark));
    json_object_set_new(object, "first",
                        ceilings->first < ceilings->count
                            ? ceiling_json(ceilings, &ceilings->list[ceilings->first])
                            : json_null());
    json_object_set_new(object, "ceilings", list);
    return object;
}
