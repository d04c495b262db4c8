/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mvm image build: a built-in guest with its settings, as a file. */
#include "base/reason.h"
#include "cmd/cmd.h"
#include "cmd/command_line.h"
#include "cmd/image.h"
#include "guest/catalog.h"
#include "result/json.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

struct build_options {
    bool help, json;
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
        .name = "json",
        .kind = OPTION_FLAG,
        .help = "print JSON",
        .offset = offsetof(struct build_options, json),
    },
    {
        .name = "help",
        .kind = OPTION_FLAG,
        .help = "show this",
        .offset = offsetof(struct build_options, help),
    },
};

static const struct option_set own_set = {.specs = build_specs,
                                          .count = sizeof(build_specs) / sizeof(build_specs[0])};

static void print_json(const char *file, const struct image *image)
{
    json_t *object = json_pack("{s:s, s:s, s:i, s:I}", "guest", image->guest, "sha256", image->sha256, "size",
                               IMAGE_SIZE, "free_bytes", (json_int_t)guest_free_bytes(image));

    json_object_set_new(object, "file", result_json_text(file));
    json_dumpf(object, stdout, RESULT_JSON_FLAGS);
    putchar('\n');
    json_decref(object);
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
    if (options->json)
        print_json(options->out, &image);
    else
        printf("%s: guest %s, %d bytes, %zu of them free\n", options->out, image.guest, IMAGE_SIZE,
               guest_free_bytes(&image));
    return EXIT_DONE;
}

static int build_main(int argc, char **argv)
{
    struct build_options options;
    struct guest_settings settings;
    struct option_set sets[] = {
        option_set_for(&own_set, &options),
        option_set_for(&guest_setting_set, &settings),
    };
    struct reason reason = {0};
    char **operands;
    int operand_count, status;

    memset(&settings, 0, sizeof(settings));
    spell_out(argc, argv);
    if (options_parse(sets, 2, argc, argv, &operands, &operand_count, &reason) < 0) {
        status = image_usage_error(&reason);
    } else if (options.help) {
        command_print_help(&cmd_image_build, sets, 2, stdout);
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

const struct command cmd_image_build = {
    .name = "image build",
    .summary = "an image of a built-in guest",
    .usage = (const char *const[]){"--guest NAME [settings] --out FILE", NULL},
    .text = "Makes an image of a built-in guest with its settings.",
    .more = "The image is the guest's boot sector with the settings laid into it; it boots on any PC or VMM. "
            "A setting that "
            "does not fit in 512 bytes is refused, with how many are missing.",
    .options = (const struct option_set *const[]){&own_set, &guest_setting_set, NULL},
    .statuses =
        (const struct command_status[]){
            {0, "made"}, {1, "the file cannot be written"}, {2, "bad usage"}, {0}},
    .examples =
        (const struct command_example[]){
            {"mvm image build --guest web --route /=Hello --route /about=512 --out web.img",
             "A web server of two pages"},
            {"mvm image build --guest load --profile 0.5s@100,9.5s@0 -o spikes.img",
             "A guest that is busy now and then"},
            {0}},
    .see = "image-list image-show",
    .json = "image-build",
    .operands = OPERANDS_NONE,
    .run = build_main,
};
