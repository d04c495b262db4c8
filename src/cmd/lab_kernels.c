/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/lab_kernels.h"

#include "base/reason.h"
#include "cmd/cmd.h"
#include "lab/kernel.h"
#include "result/json.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

static json_t *text_or_null(const char *text)
{
    return text[0] ? json_string(text) : json_null();
}

static void print_json(const struct kernel_offer *offers, size_t count)
{
    json_t *kernels = json_array(), *root = json_object();

    for (size_t i = 0; i < count; i++) {
        json_t *kernel = json_object();

        json_object_set_new(kernel, "release", json_string(offers[i].kernel.release));
        json_object_set_new(kernel, "package_version", text_or_null(offers[i].kernel.version));
        json_object_set_new(kernel, "archive", text_or_null(offers[i].kernel.archive));
        json_object_set_new(kernel, "cached", json_boolean(offers[i].cached));
        json_object_set_new(kernel, "default", json_boolean(offers[i].is_default));
        json_array_append_new(kernels, kernel);
    }
    json_object_set_new(root, "kernels", kernels);
    json_dumpf(root, stdout, RESULT_JSON_FLAGS);
    putchar('\n');
    json_decref(root);
}

static void print_table(const struct kernel_offer *offers, size_t count)
{
    printf("%-34s%-24s%-30s\n", "kernel", "package version", "from");
    for (size_t i = 0; i < count; i++)
        printf("%-34s%-24s%s%s%s\n", offers[i].kernel.release,
               offers[i].kernel.version[0] ? offers[i].kernel.version : "-",
               offers[i].kernel.archive[0] ? offers[i].kernel.archive : "the cache alone",
               offers[i].cached && offers[i].kernel.archive[0] ? ", cached" : "",
               offers[i].is_default ? ", the default" : "");
}

int lab_kernels(int stop, bool json)
{
    struct kernel_offer *offers;
    struct reason reason = {""};
    size_t count;
    int error = kernel_offers(stop, &offers, &count, &reason);

    if (error) {
        fprintf(stderr, "mvm lab: %s\n", reason.text);
        return error == -EINTR ? 130 : EXIT_FAILED;
    }
    if (json)
        print_json(offers, count);
    else
        print_table(offers, count);
    free(offers);
    return EXIT_DONE;
}
