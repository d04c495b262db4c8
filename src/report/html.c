/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The page put together: its beginning, the figures, its end. */
#include "report/html.h"

#include "report/html_data.h"
#include "report/html_page.h"
#include "report/text.h"
#include "result/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Intervals over all runs; each is some 20 numbers. */
enum { INTERVALS_MOST = 20000, INTERVALS_LEAST = 100, INTERVALS_RUN_MOST = 2000 };

json_t *html_text(const char *text)
{
    char clean[HTML_TEXT];

    return json_string(text_clean(text, clean, sizeof(clean)));
}

json_t *html_count(uint64_t count)
{
    return count <= UINT64_C(1) << 53 ? json_integer((json_int_t)count) : json_real((double)count);
}

bool html_append(json_t *array, json_t *value)
{
    return value && json_array_append_new(array, value) == 0;
}

bool html_set(json_t *object, const char *name, json_t *value)
{
    return value && json_object_set_new(object, name, value) == 0;
}

bool html_fact(json_t *list, const char *name, const char *value)
{
    return value[0] == '\0' || html_append(list, json_pack("[o,o]", html_text(name), html_text(value)));
}

bool report_html_built(void)
{
    return report_page_head[0] != '\0';
}

/* The runs, and each host once; a run has the index of its own. */
static bool add_runs(const struct html_report *report, json_t *runs, json_t *hosts)
{
    size_t each = INTERVALS_MOST / (report->run_count ? report->run_count : 1);

    each = each < INTERVALS_LEAST ? INTERVALS_LEAST : each > INTERVALS_RUN_MOST ? INTERVALS_RUN_MOST : each;
    for (size_t i = 0; i < report->run_count; i++) {
        json_t *host = html_host_json(&report->runs[i].run.result->host);
        size_t index = 0;

        if (!host)
            return false;
        while (index < json_array_size(hosts) && !json_equal(host, json_array_get(hosts, index)))
            index++;
        bool fine = index < json_array_size(hosts) || json_array_append(hosts, host) == 0;

        json_decref(host);
        if (!fine || !html_append(runs, html_run_json(&report->runs[i], index, each)))
            return false;
    }
    return true;
}

static bool add_classes(json_t *classes)
{
    static const char *const letters[] = {"A", "B", "C", "D", "T", "-"};

    for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
        if (!html_append(classes, json_pack("[s,s]", letters[i], text_class(letters[i]))))
            return false;
    return true;
}

static bool add_resources(json_t *resources)
{
    for (enum resource resource = 0; resource < RESOURCE_COUNT; resource++)
        if (!html_append(resources, json_string(resource_name(resource))))
            return false;
    return true;
}

static json_t *report_json(const struct html_report *report)
{
    json_t *runs = json_array(), *hosts = json_array(), *matrices = json_array(), *classes = json_array(),
           *resources = json_array();
    bool fine = runs && hosts && matrices && classes && resources && add_runs(report, runs, hosts) &&
                add_classes(classes) && add_resources(resources);

    for (size_t i = 0; fine && i < report->matrix_count; i++)
        fine = html_append(matrices, html_matrix_json(&report->matrices[i]));
    json_t *root = json_pack("{s:s,s:o,s:o,s:o,s:o,s:o}", "version", MVM_VERSION, "resources", resources,
                             "classes", classes, "hosts", hosts, "runs", runs, "matrices", matrices);

    if (!fine) {
        json_decref(root);
        return NULL;
    }
    return root;
}

/* In a script element "</script" and "<!--" would end it or change how it is read: in JSON, where '<' can
 * stand in texts only, it may be written as an escape. */
static int write_chunk(const char *buffer, size_t size, void *data)
{
    FILE *to = data;

    for (size_t i = 0; i < size; i++)
        if (buffer[i] == '<')
            fputs("\\u003c", to);
        else
            putc_unlocked(buffer[i], to);
    return ferror(to) ? -1 : 0;
}

int report_write_html(const struct html_report *report, FILE *to)
{
    if (!report_html_built())
        return -ENOTSUP;
    json_t *json = report_json(report);

    if (!json)
        return -ENOMEM;
    fputs(report_page_head, to);
    /* Six digits are more than a picture shows; whole numbers are written in full. */
    int error = json_dump_callback(json, write_chunk, to, JSON_COMPACT | JSON_REAL_PRECISION(6));

    json_decref(json);
    fputs(report_page_tail, to);
    return error || ferror(to) ? -EIO : 0;
}
