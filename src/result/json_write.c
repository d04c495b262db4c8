/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/reason.h"
#include "result/json.h"
#include "result/json_field.h"
#include "result/utf8.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Close to DBL_MAX, 15 digits may round to more than a double holds, which no reader takes. */
static const double number_most = 1e300;

json_t *result_json_number(double number)
{
    return fabs(number) <= number_most ? json_real(number) : json_null();
}

static json_t *text_json(const char *text, size_t length)
{
    json_t *string = json_stringn(text, length);
    if (string)
        return string;
    char *clean = utf8_clean(text, length);
    string = clean ? json_stringn(clean, length) : NULL;
    free(clean);
    return string;
}

json_t *result_json_text(const char *text)
{
    return text_json(text, strlen(text));
}

json_t *result_json_text_or_null(const char *text)
{
    return text && text[0] ? result_json_text(text) : json_null();
}

/* Many tools (jq, JavaScript) hold all numbers as doubles and would round those above 2^53 (RFC 7493,
 * section 2.2): seeds and limits such as fs.file-max and RLIM_INFINITY may be there. */
static json_t *u64_json(uint64_t number)
{
    if (number <= UINT64_C(1) << 53)
        return json_integer((json_int_t)number);
    char digits[24];
    snprintf(digits, sizeof(digits), "%llu", (unsigned long long)number);
    return json_string(digits);
}

static json_t *word_json(const struct json_field *field, const void *at)
{
    unsigned value = field->room == sizeof(bool) ? *(const bool *)at : *(const unsigned *)at;
    const char *word = value < field->word_count ? field->words[value] : NULL;
    return word ? json_string(word) : json_null();
}

static json_t *pair_json(double low, double high)
{
    json_t *pair = json_array();
    if (json_array_append_new(pair, result_json_number(low)) ||
        json_array_append_new(pair, result_json_number(high))) {
        json_decref(pair);
        return NULL;
    }
    return pair;
}

/* Sets `name` in `object`; a NULL `value` is a lack of memory. Takes over `value`. */
static int set_text(json_t *object, const char *name, size_t name_length, json_t *value)
{
    char *key = utf8_clean(name, name_length);
    int failed = key ? json_object_set_new(object, key, value) : (json_decref(value), -1);
    free(key);
    return failed;
}

static json_t *facts_json(const struct result_facts *facts)
{
    json_t *object = json_object();
    for (size_t i = 0; object && i < facts->count; i++) {
        const struct result_fact *fact = &facts->items[i];
        if (set_text(object, fact->name, strlen(fact->name), result_json_text(fact->value))) {
            json_decref(object);
            object = NULL;
        }
    }
    return object;
}

static json_t *counters_json(const struct result_counters *counters)
{
    json_t *object = json_object();
    for (size_t i = 0; object && i < counters->count; i++) {
        const struct result_counter *counter = &counters->items[i];
        bool whole = counter->value == floor(counter->value) && fabs(counter->value) <= 0x1p53;
        json_t *number =
            whole ? json_integer((json_int_t)counter->value) : result_json_number(counter->value);
        if (set_text(object, counter->name, strlen(counter->name), number)) {
            json_decref(object);
            object = NULL;
        }
    }
    return object;
}

static json_t *named_json(const struct json_named *named, const char *at, unsigned count)
{
    json_t *object = json_object();
    for (unsigned i = 0; object && i < count && i < named->most; i++) {
        const char *name = at + i * named->element_size;
        const char *text = name + named->text_offset;
        if (set_text(object, name, strnlen(name, named->name_room - 1),
                     text_json(text, strnlen(text, named->text_room - 1)))) {
            json_decref(object);
            object = NULL;
        }
    }
    return object;
}

static json_t *struct_json(const struct json_field *fields, const void *base);

static json_t *array_json(const struct json_array *array, const char *elements, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; list && i < count; i++) {
        if (json_array_append_new(list, struct_json(array->fields, elements + i * array->element_size))) {
            json_decref(list);
            list = NULL;
        }
    }
    return list;
}

static json_t *field_json(const struct json_field *field, const char *base)
{
    const void *at = base + field->offset;
    const void *second = base + field->second;
    if (field->guarded && !*(const bool *)(const void *)(base + field->guard))
        return json_null();
    switch (field->kind) {
    case JSON_FIELD_BOOL:
        return json_boolean(*(const bool *)at);
    case JSON_FIELD_INT:
        return json_integer(*(const int *)at);
    case JSON_FIELD_UNSIGNED:
        return json_integer(*(const unsigned *)at);
    case JSON_FIELD_U64:
        return u64_json(*(const uint64_t *)at);
    case JSON_FIELD_I64:
        return json_integer(*(const int64_t *)at);
    case JSON_FIELD_DOUBLE:
        return result_json_number(*(const double *)at);
    case JSON_FIELD_PAIR:
        return pair_json(*(const double *)at, *(const double *)second);
    case JSON_FIELD_TEXT:
        return text_json(at, strnlen(at, field->room - 1));
    case JSON_FIELD_WORD:
        return word_json(field, at);
    case JSON_FIELD_CONSTANT:
        return json_string(field->words[0]);
    case JSON_FIELD_STATE:
        return json_string(*(const double *)at > 0 ? "done" : "running");
    case JSON_FIELD_OBJECT:
        return struct_json(field->fields, at);
    case JSON_FIELD_FACTS:
        return facts_json(at);
    case JSON_FIELD_COUNTERS:
        return counters_json(at);
    case JSON_FIELD_NAMED:
        return named_json(field->named, at, *(const unsigned *)second);
    case JSON_FIELD_ARRAY:
        return array_json(field->array, *(const char *const *)at, *(const size_t *)second);
    case JSON_FIELD_FIXED:
        return array_json(field->array, at, *(const unsigned *)second);
    }
    return NULL;
}

static json_t *struct_json(const struct json_field *fields, const void *base)
{
    json_t *object = json_object();
    for (const struct json_field *field = fields; object && field->name; field++) {
        if (json_object_set_new(object, field->name, field_json(field, base))) {
            json_decref(object);
            object = NULL;
        }
    }
    return object;
}

json_t *json_fields_write(const struct json_field *fields, const void *base)
{
    return struct_json(fields, base);
}

/* A slope that is not finite is as unknown as one of too few points, and all its names are null. */
static void settle_slope(struct slope *slope)
{
    slope->known = slope->known && fabs(slope->value) <= number_most;
}

json_t *result_to_json(const struct result *result)
{
    struct result settled = *result; /* shares what `result` owns */
    settle_slope(&settled.per_vm.memory_bytes);
    settle_slope(&settled.per_vm.cpu_percent_of_host);
    settle_slope(&settled.per_vm.cpu_ticks_percent_of_host);
    settle_slope(&settled.per_vm.own_memory_bytes);
    settle_slope(&settled.per_vm.own_cpu_percent_of_host);
    return struct_json(result_fields, &settled);
}

int result_write(const struct result *result, const char *directory, struct reason *reason)
{
    char *path = NULL, *text = NULL;
    size_t length = 0;
    int r;

    json_t *json = result_to_json(result);
    FILE *memory = json ? open_memstream(&text, &length) : NULL;
    bool printed = memory && json_dumpf(json, memory, RESULT_JSON_FLAGS) == 0 && fputc('\n', memory) != EOF;
    bool whole = memory && fclose(memory) == 0 && printed;
    if (!whole || asprintf(&path, "%s/result.json", directory) < 0) {
        path = whole ? NULL : path;
        r = reason_set(reason, ENOMEM, "no memory to write the result as JSON");
    } else {
        r = file_replace(path, text, length, reason);
    }
    free(path);
    free(text);
    json_decref(json);
    return r;
}
