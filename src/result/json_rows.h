/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows of the tables that json_field.h describes, and the tables that several files share; private to
 * src/result/. */
#ifndef MVM_RESULT_JSON_ROWS_H
#define MVM_RESULT_JSON_ROWS_H

#include "result/json_field.h"
#include "result/result.h"

#include <assert.h>

/* offsetof() that does not compile when the member is not of the type that the row's kind reads and writes.
 */
#define AT(struct_type, member, type)                                                                        \
    (offsetof(struct_type, member) +                                                                         \
     0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((struct_type *)0)->member), type) ? 1 : -1]))

/* Rows. `s` is the struct that the table describes, `m` the member. */
#define BOOL(n, s, m)     .name = n, .kind = JSON_FIELD_BOOL, .offset = AT(s, m, bool)
#define INT(n, s, m)      .name = n, .kind = JSON_FIELD_INT, .offset = AT(s, m, int)
#define UNSIGNED(n, s, m) .name = n, .kind = JSON_FIELD_UNSIGNED, .offset = AT(s, m, unsigned)
#define U64(n, s, m)      .name = n, .kind = JSON_FIELD_U64, .offset = AT(s, m, uint64_t)
#define I64(n, s, m)      .name = n, .kind = JSON_FIELD_I64, .offset = AT(s, m, int64_t)
#define DOUBLE(n, s, m)   .name = n, .kind = JSON_FIELD_DOUBLE, .offset = AT(s, m, double)
#define PAIR(n, s, m, k)                                                                                     \
    .name = n, .kind = JSON_FIELD_PAIR, .offset = AT(s, m, double), .second = AT(s, k, double)
#define TEXT(n, s, m)                                                                                        \
    .name = n, .kind = JSON_FIELD_TEXT, .offset = offsetof(s, m), .room = sizeof(((s *)0)->m)
#define WORD(n, s, m, w)                                                                                     \
    .name = n, .kind = JSON_FIELD_WORD, .offset = offsetof(s, m), .room = sizeof(((s *)0)->m), .words = w,   \
    .word_count = sizeof(w) / sizeof((w)[0])
#define FACTS(n, s, m)     .name = n, .kind = JSON_FIELD_FACTS, .offset = AT(s, m, struct result_facts)
#define COUNTERS(n, s, m)  .name = n, .kind = JSON_FIELD_COUNTERS, .offset = AT(s, m, struct result_counters)
#define STRUCT(n, s, m, f) .name = n, .kind = JSON_FIELD_OBJECT, .offset = offsetof(s, m), .fields = f
/* An object in the file whose members are in the same struct in memory. */
#define GROUP(n, f)        .name = n, .kind = JSON_FIELD_OBJECT, .fields = f
#define STATISTIC(n, s, m) STRUCT(n, s, m, statistic_fields)
/* Null unless the bool `g` of the same struct; DECIDED_BY also reads that bool from whether the name is null.
 */
#define IF(s, g)         .guarded = true, .guard = AT(s, g, bool)
#define DECIDED_BY(s, g) IF(s, g), .decides = true
#define REQUIRED         .required = true
#define OPTIONAL         .required = false

/* A struct of nothing but `type` has a row for each member: who adds a kind of memory is told here. */
#define ALL_MEMBERS(table, struct_type, type)                                                                \
    static_assert(sizeof(table) / sizeof((table)[0]) - 1 == sizeof(struct_type) / sizeof(type),              \
                  "a member of " #struct_type " has no row")

#define END                                                                                                  \
    {                                                                                                        \
        .name = NULL                                                                                         \
    }

/* A slope and its interval, `m` being the struct slope in the struct `s`. */
#define SLOPE_OF(n, s, m, required)                                                                          \
    {DOUBLE(n, s, m.value), required, DECIDED_BY(s, m.known)},                                               \
        {PAIR(n "_ci95", s, m.low, m.high), IF(s, m.known)},                                                 \
        {DOUBLE(n "_intercept", s, m.intercept), IF(s, m.known)},                                            \
    {                                                                                                        \
        DOUBLE(n "_r2", s, m.r2), IF(s, m.known)                                                             \
    }

extern const struct json_field statistic_fields[];

/* json_reading.c: of struct host_limits, of a raw reading in result.json, and of one in a sample. */
extern const struct json_field limit_fields[];
extern const struct json_field reading_fields[];
extern const struct json_field reading_cpu_fields[];
extern const struct json_field reading_memory_fields[];

/* json_hosts.c: VMs on several hosts. */
extern const struct json_array host_of_vms_array;
extern const struct json_field first_host_fields[];
extern const struct json_field first_host_used_fields[];
extern const struct json_field cloud_fields[];

#endif
