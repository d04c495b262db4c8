/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/reason.h"
#include "result/json.h"
#include "result/json_field.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A run of 10,000 intervals is about 60 MB; nothing larger is a result. */
static const size_t file_most = (size_t)96 << 20;

/* Where in the file we are: a list from the leaf to the root, on the stack of the walk. */
struct place {
    const struct place *parent;
    const char *name; /* NULL: the element `index` of an array */
    size_t index;
};

struct walk {
    const struct place *place;
    struct reason *reason;
};

static void place_print(const struct place *place, FILE *to)
{
    if (!place)
        return;
    place_print(place->parent, to);
    if (!place->name) {
        fprintf(to, "[%zu]", place->index);
        return;
    }
    /* The names of facts come from the file: no terminal controls. */
    fputc('.', to);
    for (size_t i = 0; place->name[i] && i < 200; i++)
        fputc((unsigned char)place->name[i] < ' ' || place->name[i] == 0x7f ? '?' : place->name[i], to);
}

/* The sentence "PLACE WHAT". */
static int wrong(const struct walk *walk, const char *what)
{
    char where[512] = "";
    FILE *to = fmemopen(where, sizeof(where) - 1, "w");
    if (to) {
        place_print(walk->place, to);
        fclose(to);
    }
    return reason_set(walk->reason, EINVAL, "%s %s", where[0] ? where : "the file", what);
}

static int read_whole(const struct walk *walk, const json_t *value, json_int_t least, json_int_t most,
                      json_int_t *ret_number)
{
    if (!json_is_integer(value))
        return wrong(walk, "is not a whole number");
    json_int_t number = json_integer_value(value);
    if (number < least && least == 0)
        return wrong(walk, "is negative");
    if (number < least || number > most)
        return wrong(walk, "is out of range");
    *ret_number = number;
    return 0;
}

static int read_u64(const struct walk *walk, const json_t *value, uint64_t *ret_number)
{
    /* Numbers above 2^53 are written as digits in quotes. */
    const char *digits = json_string_value(value);
    if (digits && digits[0] != '\0' && strspn(digits, "0123456789") == strlen(digits)) {
        errno = 0;
        unsigned long long number = strtoull(digits, NULL, 10);
        if (errno)
            return wrong(walk, "is out of range");
        *ret_number = number;
        return 0;
    }
    json_int_t number = 0;
    int r = read_whole(walk, value, 0, INT64_MAX, &number);
    if (r < 0)
        return r;
    *ret_number = (uint64_t)number;
    return 0;
}

static int read_double(const struct walk *walk, const json_t *value, double *ret_number)
{
    if (!json_is_number(value) && !json_is_null(value))
        return wrong(walk, "is not a number");
    *ret_number = json_is_null(value) ? NAN : json_number_value(value);
    return 0;
}

static int read_pair(const struct walk *walk, const json_t *value, double *ret_low, double *ret_high)
{
    if (!json_is_array(value) || json_array_size(value) != 2)
        return wrong(walk, "is not an array of two numbers");
    int r = read_double(walk, json_array_get(value, 0), ret_low);
    return r < 0 ? r : read_double(walk, json_array_get(value, 1), ret_high);
}

static int read_text(const struct walk *walk, const json_t *value, char *ret_text, size_t room)
{
    if (!json_is_string(value))
        return wrong(walk, "is not a text");
    size_t length = json_string_length(value);
    if (length >= room) {
        char what[64];
        snprintf(what, sizeof(what), "is longer than %zu bytes", room - 1);
        return wrong(walk, what);
    }
    memcpy(ret_text, json_string_value(value), length + 1);
    return 0;
}

static int read_word(const struct walk *walk, const json_t *value, const struct json_field *field, void *at)
{
    for (unsigned i = 0; i < field->word_count; i++) {
        bool same = field->words[i]
                        ? json_is_string(value) && strcmp(json_string_value(value), field->words[i]) == 0
                        : json_is_null(value);
        if (!same)
            continue;
        if (field->room == sizeof(bool))
            *(bool *)at = i != 0;
        else
            *(unsigned *)at = i;
        return 0;
    }
    return wrong(walk, "is not one of the words known for it");
}

static int read_constant(const struct walk *walk, const json_t *value, const char *word)
{
    char what[128];
    if (json_is_string(value) && strcmp(json_string_value(value), word) == 0)
        return 0;
    snprintf(what, sizeof(what), "is not \"%s\"", word);
    return wrong(walk, what);
}

static int read_facts(const struct walk *walk, const json_t *value, struct result_facts *facts)
{
    if (!json_is_object(value))
        return wrong(walk, "is not an object");
    const char *name;
    json_t *text;
    json_object_foreach((json_t *)(uintptr_t)value, name, text)
    {
        struct place here = {.parent = walk->place, .name = name};
        struct walk inner = {.place = &here, .reason = walk->reason};
        if (!json_is_string(text))
            return wrong(&inner, "is not a text");
        /* result_facts_add() compares with all names before: bounded, so that a hostile file costs no hours.
         */
        if (facts->count == 4096)
            return wrong(walk, "has more than 4096 names");
        if (result_facts_add(facts, name, json_string_value(text)) < 0)
            return reason_set(walk->reason, ENOMEM, "no memory to read the result");
    }
    return 0;
}

static int read_counters(const struct walk *walk, const json_t *value, struct result_counters *counters)
{
    if (!json_is_object(value))
        return wrong(walk, "is not an object");
    const char *name;
    json_t *number;
    json_object_foreach((json_t *)(uintptr_t)value, name, number)
    {
        struct place here = {.parent = walk->place, .name = name};
        struct walk inner = {.place = &here, .reason = walk->reason};
        double counted = 0;
        int r = read_double(&inner, number, &counted);
        if (r < 0)
            return r;
        /* As for facts. */
        if (counters->count == 4096)
            return wrong(walk, "has more than 4096 names");
        if (result_counter_set(counters, name, counted) < 0)
            return reason_set(walk->reason, ENOMEM, "no memory to read the result");
    }
    return 0;
}

static int read_named(const struct walk *walk, const json_t *value, const struct json_named *named, char *at,
                      unsigned *ret_count)
{
    if (!json_is_object(value))
        return wrong(walk, "is not an object");
    unsigned count = 0;
    const char *name;
    json_t *text;
    json_object_foreach((json_t *)(uintptr_t)value, name, text)
    {
        struct place here = {.parent = walk->place, .name = name};
        struct walk inner = {.place = &here, .reason = walk->reason};
        char *element = at + count * named->element_size;
        if (count == named->most)
            return wrong(walk, "has too many names");
        if (strlen(name) >= named->name_room)
            return wrong(&inner, "has too long a name");
        memcpy(element, name, strlen(name) + 1);
        int r = read_text(&inner, text, element + named->text_offset, named->text_room);
        if (r < 0)
            return r;
        count++;
    }
    *ret_count = count;
    return 0;
}

static int read_struct(const struct walk *walk, const json_t *object, const struct json_field *fields,
                       void *base);

/* The elements are appended to the struct `owner`, which holds the array's pointer and count; of an array
 * that has no such function they are at `at`. */
static int read_array(const struct walk *walk, const json_t *value, const struct json_array *array,
                      void *owner, char *at)
{
    if (!json_is_array(value))
        return wrong(walk, "is not an array");
    size_t count = json_array_size(value);
    if (count > array->most)
        return wrong(walk, "has too many elements");
    for (size_t i = 0; i < count; i++) {
        struct place here = {.parent = walk->place, .index = i};
        struct walk inner = {.place = &here, .reason = walk->reason};
        void *element = array->append ? array->append(owner) : at + i * array->element_size;
        if (!element)
            return reason_set(walk->reason, ENOMEM, "no memory to read the result");
        int r = read_struct(&inner, json_array_get(value, i), array->fields, element);
        if (r < 0)
            return r;
    }
    return 0;
}

static int read_fixed(const struct walk *walk, const json_t *value, const struct json_array *array, char *at,
                      unsigned *ret_count)
{
    int r = read_array(walk, value, array, NULL, at);
    if (r == 0)
        *ret_count = (unsigned)json_array_size(value);
    return r;
}

static int read_field(const struct walk *walk, const json_t *value, const struct json_field *field,
                      char *base)
{
    void *at = base + field->offset;
    void *second = base + field->second;
    json_int_t whole = 0;
    int r;

    if (field->guarded) {
        bool *guard = (bool *)(void *)(base + field->guard);
        if (field->decides)
            *guard = !json_is_null(value);
        /* A null where the guard says "unknown" is no number; a number there says nothing. */
        if (!*guard || json_is_null(value)) {
            if (*guard && field->kind == JSON_FIELD_DOUBLE)
                *(double *)at = NAN;
            return *guard && field->kind != JSON_FIELD_DOUBLE ? wrong(walk, "is null") : 0;
        }
    }
    switch (field->kind) {
    case JSON_FIELD_BOOL:
        if (!json_is_boolean(value))
            return wrong(walk, "is not true or false");
        *(bool *)at = json_is_true(value);
        return 0;
    case JSON_FIELD_INT:
        if ((r = read_whole(walk, value, INT_MIN, INT_MAX, &whole)) == 0)
            *(int *)at = (int)whole;
        return r;
    case JSON_FIELD_UNSIGNED:
        if ((r = read_whole(walk, value, 0, UINT_MAX, &whole)) == 0)
            *(unsigned *)at = (unsigned)whole;
        return r;
    case JSON_FIELD_U64:
        return read_u64(walk, value, at);
    case JSON_FIELD_I64:
        if ((r = read_whole(walk, value, INT64_MIN, INT64_MAX, &whole)) == 0)
            *(int64_t *)at = whole;
        return r;
    case JSON_FIELD_DOUBLE:
        return read_double(walk, value, at);
    case JSON_FIELD_PAIR:
        return read_pair(walk, value, at, second);
    case JSON_FIELD_TEXT:
        return read_text(walk, value, at, field->room);
    case JSON_FIELD_WORD:
        return read_word(walk, value, field, at);
    case JSON_FIELD_CONSTANT:
        return read_constant(walk, value, field->words[0]);
    case JSON_FIELD_STATE:
        return json_is_string(value) ? 0 : wrong(walk, "is not a text");
    case JSON_FIELD_OBJECT:
        return read_struct(walk, value, field->fields, at);
    case JSON_FIELD_FACTS:
        return read_facts(walk, value, at);
    case JSON_FIELD_COUNTERS:
        return read_counters(walk, value, at);
    case JSON_FIELD_NAMED:
        return read_named(walk, value, field->named, at, second);
    case JSON_FIELD_ARRAY:
        return read_array(walk, value, field->array, base, NULL);
    case JSON_FIELD_FIXED:
        return read_fixed(walk, value, field->array, at, second);
    }
    return wrong(walk, "is of no known kind");
}

static int read_struct(const struct walk *walk, const json_t *object, const struct json_field *fields,
                       void *base)
{
    if (!json_is_object(object))
        return wrong(walk, "is not an object");
    for (const struct json_field *field = fields; field->name; field++) {
        struct place here = {.parent = walk->place, .name = field->name};
        struct walk inner = {.place = &here, .reason = walk->reason};
        const json_t *value = json_object_get(object, field->name);
        if (!value && field->required)
            return wrong(&inner, "is missing");
        if (!value)
            continue;
        int r = read_field(&inner, value, field, base);
        if (r < 0)
            return r;
    }
    return 0;
}

int json_fields_read(const struct json_field *fields, void *base, const json_t *json, struct reason *reason)
{
    struct walk walk = {.place = NULL, .reason = reason};
    return read_struct(&walk, json, fields, base);
}

int result_from_json(struct result *result, const json_t *json, struct reason *reason)
{
    struct walk walk = {.place = NULL, .reason = reason};
    result_init(result);
    int r = read_struct(&walk, json, result_fields, result);
    if (r < 0)
        result_release(result);
    return r;
}

int result_from_text(struct result *result, const char *text, size_t length, struct reason *reason)
{
    json_error_t error;
    result_init(result);
    json_t *json = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    if (!json)
        return reason_set(reason, EINVAL, "not whole JSON: line %d, column %d: %s", error.line, error.column,
                          error.text);
    int r = result_from_json(result, json, reason);
    json_decref(json);
    return r;
}

int result_read(struct result *result, const char *path, struct reason *reason)
{
    struct reason inner = {.text = ""};
    struct stat status;
    char *inside = NULL, *text = NULL;
    size_t length = 0;

    result_init(result);
    if (stat(path, &status) < 0)
        return reason_errno(reason, errno, "cannot read the result %s", path);
    if (S_ISDIR(status.st_mode) && asprintf(&inside, "%s/result.json", path) < 0)
        return reason_set(reason, ENOMEM, "no memory to read %s", path);
    const char *file = inside ? inside : path;
    int r = file_read(file, file_most, &text, &length, reason);
    if (r == 0) {
        r = result_from_text(result, text, length, &inner);
        if (r < 0)
            reason_set(reason, -r, "%s: %s", file, inner.text);
    }
    free(text);
    free(inside);
    return r;
}
