/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A result as JSON and back, in memory. Files: result_write() and result_read() (result/result.h). */
#ifndef MVM_RESULT_JSON_H
#define MVM_RESULT_JSON_H

#include "result/result.h"

#include <jansson.h>

/* How this tree writes JSON: two spaces, the order of the tables, 15 significant digits (which survive text
 * -> double -> text unchanged; 17 would print 0.1 as 0.10000000000000001). */
#define RESULT_JSON_FLAGS (JSON_INDENT(2) | JSON_REAL_PRECISION(15))

/* A new reference, or NULL without memory. Numbers that are not finite become null. */
json_t *result_to_json(const struct result *result);

/* `number` as a JSON real, or null when it is not finite; NULL without memory. */
json_t *result_json_number(double number);

/* `text` as a JSON string, bytes that are not UTF-8 as '?'; NULL without memory. */
json_t *result_json_text(const char *text);

/* The same, or null where `text` is empty or NULL. */
json_t *result_json_text_or_null(const char *text);

/*
 * Fills `result` from parsed JSON. Every type and range is checked: on failure a sentence names the place
 * (".intervals[3].vms is not a whole number") and `result` is as after result_init().
 */
int result_from_json(struct result *result, const json_t *json, struct reason *reason);

/* The same from `length` bytes of text; a syntax error names its line and column. */
int result_from_text(struct result *result, const char *text, size_t length, struct reason *reason);

/* limits.json, a new reference; NULL without memory. */
struct limits;
json_t *limits_to_json(const struct limits *limits);

/* Parts of limits.json's readers (result/limits.h). The parsed file, or NULL with errno set; `*ret_path`,
 * which the caller frees, is its name. */
json_t *limits_json_load(const char *directory, char **ret_path, struct reason *reason);
/* limits_read_identity() of what is parsed. */
int limits_json_identity(const json_t *json, const char *path, char *ret_matrix, char ***ret_words,
                         struct reason *reason);

#endif
