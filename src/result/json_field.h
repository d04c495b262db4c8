/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The shape of result.json as data, private to src/result/: one row a name. The writer and the reader both
 * walk these rows, so they cannot differ; docs/result-format.md describes them in the same order.
 */
#ifndef MVM_RESULT_JSON_FIELD_H
#define MVM_RESULT_JSON_FIELD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct reason;

enum json_kind {
    JSON_FIELD_BOOL,     /* bool */
    JSON_FIELD_INT,      /* int */
    JSON_FIELD_UNSIGNED, /* unsigned */
    JSON_FIELD_U64,      /* uint64_t; above 2^53, which many JSON tools would round, a string of digits */
    JSON_FIELD_I64,      /* int64_t */
    JSON_FIELD_DOUBLE,   /* double; null when not finite */
    JSON_FIELD_PAIR,     /* two doubles, at `offset` and at `second`, as an array of two */
    JSON_FIELD_TEXT,     /* char[room] */
    JSON_FIELD_WORD,     /* an enum or a bool as one of `words`; a NULL word is null */
    JSON_FIELD_CONSTANT, /* not in memory: always the text words[0], and refused when it is another */
    JSON_FIELD_STATE, /* a double: the time of the end; "running" while it is 0, else "done"; not read back */
    JSON_FIELD_OBJECT,   /* a struct at `offset`, described by `fields` */
    JSON_FIELD_FACTS,    /* struct result_facts as an object of strings */
    JSON_FIELD_COUNTERS, /* struct result_counters as an object of numbers */
    JSON_FIELD_NAMED,    /* a fixed array of structs that begin with a name, as an object name: text */
    JSON_FIELD_ARRAY,    /* a pointer at `offset` and a size_t count at `second` */
    JSON_FIELD_FIXED, /* a fixed array of array->most structs at `offset` and an unsigned count at `second` */
};

/* Arrays of structs: what an element is. */
struct json_array {
    size_t element_size, most;
    const struct json_field *fields;
    void *(*append)(void *owner); /* a new zeroed element of the array in the struct `owner`, or NULL without
                                     memory; of JSON_FIELD_FIXED there is none */
};

/* A fixed array of {char name[name_room]; char text[text_room];} with an unsigned count at `second`. */
struct json_named {
    size_t element_size, name_room, text_offset, text_room;
    unsigned most;
};

struct json_field {
    const char *name; /* NULL ends a table */
    enum json_kind kind;
    bool required; /* a file without this name is refused; another name that lacks keeps its zero */
    bool guarded;  /* written as null while the bool at `guard` is false */
    bool decides;  /* reading: the bool at `guard` is whether this name was not null */
    size_t offset, second, guard;
    size_t room; /* of TEXT; of WORD, the size of the variable */
    const char *const *words;
    unsigned word_count;
    const struct json_field *fields;
    const struct json_array *array;
    const struct json_named *named;
};

/* The struct at `base` as JSON, a new reference; NULL without memory. */
json_t *json_fields_write(const struct json_field *fields, const void *base);

/* Fills the struct at `base`, which is zeroed, from JSON; -EINVAL with a sentence that names the place, or
 * -ENOMEM. What was filled until then stays, for its owner to release. */
int json_fields_read(const struct json_field *fields, void *base, const json_t *json, struct reason *reason);

/* The table of a whole struct result. */
extern const struct json_field result_fields[];

#endif
