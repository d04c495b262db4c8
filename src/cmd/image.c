/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mvm image: makes, lists and inspects the 512-byte images that VMs run. */
#include "cmd/image.h"

#include "base/reason.h"
#include "cmd/cmd.h"
#include "guest/catalog.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} parts[] = {
    {"build", image_build_main},
    {"list", image_list_main},
    {"show", image_show_main},
};

static const char usage[] = "usage: mvm image build --guest NAME [settings] --out FILE\n"
                            "       mvm image list [--json]\n"
                            "       mvm image show FILE | --guest NAME [settings] [--json] [--disassemble]\n"
                            "\n"
                            "Makes, lists and inspects 512-byte images. Each has a --help of its own.\n";

int image_usage_error(const struct reason *reason)
{
    fprintf(stderr, "mvm image: %s\n", reason->text);
    return EXIT_USAGE;
}

struct build_options {
    bool help;
    const char *guest;
    const char *out;
};

static const struct option_spec build_specs[] = {
    {
        .name = "guest",
        .kind = OPTION_TEXT,
        .argument = "NAME",
        .help = "the guest to build: sleep, tick, web, load or disk",
        .offset = offsetof(struct build_options, guest),
    },
    {
        .name = "out",
        .kind = OPTION_TEXT,
        .argument = "FILE",
        .help = "where to write the image; -o for short",
        .offset = offsetof(struct build_options, out),
    },
    {
        .name = "help",
        .kind = OPTION_FLAG,
        .help = "show this",
        .offset = offsetof(struct build_options, help),
    },
};

/* The tables know whole words only; "-o" is what every compiler's user types. */
static void spell_out(int argc, char **argv)
{
    static char out[] = "--out";

    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
        if (strcmp(argv[i], "-o") == 0)
            argv[i] = out;
}

static int build(const struct build_options *options, const struct guest_settings *settings,
                 struct reason *reason)
{
    struct image image;
    int error = guest_build(&image, options->guest, settings, reason);

    if (error)
        return image_usage_error(reason);
    error = file_replace(options->out, image.bytes, IMAGE_SIZE, reason);
    if (error) {
        fprintf(stderr, "mvm image: %s\n", reason->text);
        return EXIT_FAILED;
    }
    printf("%s: guest %s, %d bytes, %zu of them free\n", options->out, image.guest, IMAGE_SIZE,
           guest_free_bytes(&image));
    return EXIT_DONE;
}

int image_build_main(int argc, char **argv)
{
    struct build_options options;
    struct guest_settings settings;
    struct option_set sets[] = {
        {NULL, build_specs, sizeof(build_specs) / sizeof(build_specs[0]), &options},
        {"Settings of guests", guest_setting_specs, guest_setting_spec_count, &settings},
    };
    struct reason reason = {0};
    char **operands;
    int operand_count, status;

    memset(&settings, 0, sizeof(settings));
    spell_out(argc, argv);
    if (options_parse(sets, 2, argc, argv, &operands, &operand_count, &reason) < 0) {
        status = image_usage_error(&reason);
    } else if (options.help) {
        printf("usage: mvm image build --guest NAME [settings] --out FILE\n");
        options_print_help(sets, 2, stdout);
        status = EXIT_DONE;
    } else if (operand_count > 0) {
        reason_set(&reason, 0, "build takes no '%s'; the file to write is named with --out", operands[0]);
        status = image_usage_error(&reason);
    } else if (!options.guest) {
        reason_set(&reason, 0, "build needs --guest NAME; 'mvm image list' shows the guests");
        status = image_usage_error(&reason);
    } else if (!options.out || !*options.out) {
        reason_set(&reason, 0, "build needs --out FILE, where to write the image");
        status = image_usage_error(&reason);
    } else {
        status = build(&options, &settings, &reason);
    }
    options_release(sets, 2);
    return status;
}

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

int image_list_main(int argc, char **argv)
{
    struct list_options options;
    struct option_set set = {NULL, list_specs, sizeof(list_specs) / sizeof(list_specs[0]), &options};
    struct reason reason = {0};
    char **operands;
    int operand_count;

    if (options_parse(&set, 1, argc, argv, &operands, &operand_count, &reason) < 0)
        return image_usage_error(&reason);
    if (options.help) {
        printf("usage: mvm image list [--json]\n");
        options_print_help(&set, 1, stdout);
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

int cmd_image(int argc, char **argv)
{
    if (argc < 2) {
        fputs(usage, stderr);
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        fputs(usage, stdout);
        return EXIT_DONE;
    }
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (strcmp(parts[i].name, argv[1]) == 0)
            return parts[i].run(argc - 1, argv + 1);
    fprintf(stderr, "mvm image: there is no 'mvm image %s'; there are build, list and show\n", argv[1]);
    return EXIT_USAGE;
}
