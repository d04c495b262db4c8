/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mvm image list: the built-in guests. */
#include "base/reason.h"
#include "cmd/cmd.h"
#include "cmd/image.h"
#include "guest/catalog.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

struct list_options {
    bool help;
    bool json;
};

static const struct option_spec list_specs[] = {
    {
        .name = "json",
        .kind = OPTION_FLAG,
        .help = "print JSON",
        .offset = offsetof(struct list_options, json),
    },
    {
        .name = "help",
        .kind = OPTION_FLAG,
        .help = "show this",
        .offset = offsetof(struct list_options, help),
    },
};

static const struct option_set own_set = {.specs = list_specs,
                                          .count = sizeof(list_specs) / sizeof(list_specs[0])};

/* The settings of a guest by the names of their options, from the help of each: "web: ...". */
static bool takes(const struct guest *guest, const struct option_spec *spec)
{
    size_t length = strlen(guest->name);

    return strncmp(spec->help, guest->name, length) == 0 && spec->help[length] == ':';
}

static void list_json(void)
{
    size_t count;
    const struct guest *guests = guest_catalog(&count);
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++) {
        json_t *settings = json_array();
        struct image image;

        image_from_bytes(&image, guests[i].bytes);
        for (size_t s = 0; s < guest_setting_spec_count; s++)
            if (takes(&guests[i], &guest_setting_specs[s]))
                json_array_append_new(settings, json_string(guest_setting_specs[s].name));
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:o, s:I}", "name", guests[i].name, "summary",
                                              guests[i].summary, "sha256", image.sha256, "settings", settings,
                                              "free_bytes", (json_int_t)guest_free_bytes(&image)));
    }
    json_dumpf(list, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(list);
}

static void list_table(void)
{
    size_t count;
    const struct guest *guests = guest_catalog(&count);

    for (size_t i = 0; i < count; i++) {
        const char *between = " (";

        printf("%-8s %s", guests[i].name, guests[i].summary);
        for (size_t s = 0; s < guest_setting_spec_count; s++) {
            if (!takes(&guests[i], &guest_setting_specs[s]))
                continue;
            printf("%s--%s", between, guest_setting_specs[s].name);
            between = ", ";
        }
        puts(strcmp(between, ", ") == 0 ? ")" : "");
    }
}

static int list_main(int argc, char **argv)
{
    struct list_options options;
    struct option_set set = option_set_for(&own_set, &options);
    struct reason reason = {0};
    char **operands;
    int operand_count;

    if (options_parse(&set, 1, argc, argv, &operands, &operand_count, &reason) < 0)
        return image_usage_error(&reason);
    if (options.help) {
        command_print_help(&cmd_image_list, &set, 1, stdout);
        return EXIT_DONE;
    }
    if (operand_count > 0) {
        reason_set(&reason, 0, "list takes no '%s'", operands[0]);
        return image_usage_error(&reason);
    }
    if (options.json)
        list_json();
    else
        list_table();
    return EXIT_DONE;
}

const struct command cmd_image_list = {
    .name = "image list",
    .summary = "the built-in guests and their settings",
    .usage = (const char *const[]){"[--json]", NULL},
    .text = "Lists the built-in guests, with the settings that each takes.",
    .options = (const struct option_set *const[]){&own_set, NULL},
    .statuses = (const struct command_status[]){{0, "listed"}, {2, "bad usage"}, {0}},
    .examples =
        (const struct command_example[]){{"mvm image list", "A line a guest"},
                                         {"mvm image list --json | jq -r '.[].name'", "The names alone"},
                                         {0}},
    .see = "image-build image-show",
    .json = "image-list",
    .operands = OPERANDS_NONE,
    .run = list_main,
};
