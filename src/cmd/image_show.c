/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mvm image show: what there is to tell of any image. */
#include "base/reason.h"
#include "cmd/cmd.h"
#include "cmd/image.h"
#include "guest/catalog.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct show_options {
    bool help;
    bool json;
    bool disassemble;
    bool force;
    const char *guest;
};

static const struct option_spec show_specs[] = {
    {
        .name = "guest",
        .kind = OPTION_TEXT,
        .argument = "NAME",
        .help = "show the image that build would make of this guest, instead of a file",
        .offset = offsetof(struct show_options, guest),
    },
    {
        .name = "disassemble",
        .kind = OPTION_FLAG,
        .help = "add a 16-bit disassembly, made by ndisasm",
        .offset = offsetof(struct show_options, disassemble),
    },
    {
        .name = "force",
        .kind = OPTION_FLAG,
        .help = "take a file that is not 512 bytes long or has no boot signature all the same",
        .offset = offsetof(struct show_options, force),
    },
    {
        .name = "json",
        .kind = OPTION_FLAG,
        .help = "print JSON",
        .offset = offsetof(struct show_options, json),
    },
    {
        .name = "help",
        .kind = OPTION_FLAG,
        .help = "show this",
        .offset = offsetof(struct show_options, help),
    },
};

static const struct option_set own_set = {.specs = show_specs,
                                          .count = sizeof(show_specs) / sizeof(show_specs[0])};

/* The settings in the image, one line each, malloc'd, or NULL. */
static char *settings_text(const struct image *image)
{
    const struct guest *guest = image->ours ? guest_find(image->guest) : NULL;

    return guest && guest->describe ? guest->describe(image->bytes) : NULL;
}

static void print_settings(char *settings)
{
    char *rest = settings, *line;

    while ((line = strsep(&rest, "\n")) && *line) {
        char *value = line + strcspn(line, " ");

        printf("setting    --%.*s%s\n", (int)(value - line), line, value);
    }
}

static void show_text(const struct image *image, const char *file, const struct show_options *options)
{
    char *settings = settings_text(image);

    if (file)
        printf("file       %s\n", file);
    printf("size       %d bytes\n", IMAGE_SIZE);
    printf("signature  %s (%02x %02x)\n", image_has_signature(image) ? "yes" : "none",
           image->bytes[IMAGE_SIGNATURE], image->bytes[IMAGE_SIGNATURE + 1]);
    printf("sha256     %s\n", image->sha256);
    printf("guest      %s%s\n", image->ours ? image->guest : "not one of ours",
           !image->ours               ? ": it is not known to answer challenges"
           : guest_find(image->guest) ? ""
                                      : " (has a descriptor, but is not built in)");
    if (settings)
        print_settings(settings);
    free(settings);
    printf("free       %zu bytes\n", guest_free_bytes(image));
    if (options->disassemble) {
        putchar('\n');
        image_print_disassembly(image);
    }
}

static json_t *settings_json(char *settings)
{
    json_t *list = json_array();
    char *rest = settings, *line;

    while (settings && (line = strsep(&rest, "\n")) && *line) {
        size_t name = strcspn(line, " ");

        json_array_append_new(
            list, json_pack("{s:s%, s:s}", "name", line, name, "value", line + name + (line[name] == ' ')));
    }
    return list;
}

static void show_json(const struct image *image, const char *file, const struct show_options *options)
{
    char *settings = settings_text(image);
    json_t *object = json_object();

    json_object_set_new(object, "file", file ? json_string(file) : json_null());
    json_object_set_new(object, "size", json_integer(IMAGE_SIZE));
    json_object_set_new(object, "signature", json_boolean(image_has_signature(image)));
    json_object_set_new(object, "sha256", json_string(image->sha256));
    json_object_set_new(object, "guest", image->ours ? json_string(image->guest) : json_null());
    json_object_set_new(object, "answers", json_boolean(image->answers));
    json_object_set_new(object, "settings", settings_json(settings));
    json_object_set_new(object, "free_bytes", json_integer((json_int_t)guest_free_bytes(image)));
    if (options->disassemble)
        json_object_set_new(object, "disassembly", image_disassembly_json(image));
    json_dumpf(object, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(object);
    free(settings);
}

static int show(const struct show_options *options, const struct guest_settings *settings, char **operands,
                int operand_count, struct reason *reason)
{
    struct image image;
    int error;

    if (operand_count > 1)
        error = reason_set(reason, EINVAL, "show takes one file, and '%s' is a second one", operands[1]);
    else if (operand_count == 1 && options->guest)
        error = reason_set(reason, EINVAL, "show takes a file or --guest, not both");
    else if (operand_count == 0 && !options->guest)
        error = reason_set(reason, EINVAL, "show needs a file, or --guest NAME");
    else if (options->guest)
        error = guest_build(&image, options->guest, settings, reason);
    else if (settings->routes.count > 0 || settings->work || settings->profile || settings->timer != 0 ||
             settings->rate != 0)
        error =
            reason_set(reason, EINVAL, "settings go with --guest; the file '%s' has its own", operands[0]);
    else
        error = image_load(&image, operands[0], options->force, reason);
    if (error)
        return image_usage_error(reason);

    const char *file = operand_count == 1 ? operands[0] : NULL;

    if (options->json)
        show_json(&image, file, options);
    else
        show_text(&image, file, options);
    return EXIT_DONE;
}

static int show_main(int argc, char **argv)
{
    struct show_options options;
    struct guest_settings settings;
    struct option_set sets[] = {
        option_set_for(&own_set, &options),
        option_set_for(&guest_setting_set, &settings),
    };
    struct reason reason = {0};
    char **operands;
    int operand_count, status;

    memset(&settings, 0, sizeof(settings));
    if (options_parse(sets, 2, argc, argv, &operands, &operand_count, &reason) < 0) {
        status = image_usage_error(&reason);
    } else if (options.help) {
        command_print_help(&cmd_image_show, sets, 2, stdout);
        status = EXIT_DONE;
    } else {
        status = show(&options, &settings, operands, operand_count, &reason);
    }
    options_release(sets, 2);
    return status;
}

const struct command cmd_image_show = {
    .name = "image show",
    .summary = "what an image is, and what is in it",
    .usage = (const char *const[]){"FILE | --guest NAME [settings] [--json] [--disassemble] [--force]", NULL},
    .text = "Tells of an image whether it is one of mvm's guests, with which settings, its SHA-256, how many "
            "bytes are free, "
            "and, with --disassemble, its instructions.",
    .options = (const struct option_set *const[]){&own_set, &guest_setting_set, NULL},
    .statuses = (const struct command_status[]){{0, "shown"}, {2, "bad usage, or no image"}, {0}},
    .examples = (const struct command_example[]){{"mvm image show web.img --disassemble", "All about a file"},
                                                 {"mvm image show --guest tick --timer 100",
                                                  "What 'mvm image build' would make"},
                                                 {0}},
    .see = "image-build image-list",
    .json = "image-show",
    .operands = OPERANDS_FILE,
    .run = show_main,
};
