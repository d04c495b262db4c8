/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The figures of the page as JSON, private to src/report/html*.c. Each returns a new reference, or NULL
 * without memory. Texts of results are cleaned (text_clean()); the page shows them as text, never as markup.
 */
#ifndef MVM_REPORT_HTML_DATA_H
#define MVM_REPORT_HTML_DATA_H

#include "report/html.h"

#include <jansson.h>

/* `text` cleaned for showing, at most HTML_TEXT bytes of it. */
enum { HTML_TEXT = 8192 };
json_t *html_text(const char *text);

/* A count; what is above 2^53, which a browser would round, as a real. */
json_t *html_count(uint64_t count);

/* Appends `value`, a new reference, to the array or sets it in the object; false without memory. */
bool html_append(json_t *array, json_t *value);
bool html_set(json_t *object, const char *name, json_t *value);

/* [name, value] appended to `list`, unless `value` is empty. */
bool html_fact(json_t *list, const char *name, const char *value);

/* html_run.c: a run; of its intervals at most `intervals` are kept. `host` is the index of its host. */
json_t *html_run_json(const struct html_run *run, size_t host, size_t intervals);
/* html_curves.c: {"vms": [...], "curves": {...}, "memory": {...}, "load": {...}} of at most `most` intervals.
 */
json_t *html_intervals_json(const struct result *result, size_t most);
/* html_host.c: [[name, value], ...] */
json_t *html_host_json(const struct host_fingerprint *host);
/* html_limits.c: a matrix. */
json_t *html_matrix_json(const struct html_matrix *matrix);

#endif
