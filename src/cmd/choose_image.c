/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/choose_image.h"

#include "base/reason.h"
#include "engine/mix.h"

#include <errno.h>
#include <stdio.h>

bool image_choice_has_settings(const struct guest_settings *settings)
{
    return settings->routes.count > 0 || settings->work || settings->profile || settings->timer != 0 ||
           settings->rate != 0;
}

int choose_image(const struct image_choice *choice, const struct guest_settings *settings,
                 struct image *image, struct reason *reason)
{
    if (choice->image && choice->guest)
        return reason_set(reason, EINVAL, "--image and --guest exclude each other");
    if (choice->force && !choice->image)
        return reason_set(reason, EINVAL, "--force is about the file that --image names");
    if (choice->image && image_choice_has_settings(settings))
        return reason_set(reason, EINVAL, "settings go with --guest; the file '%s' has its own",
                          choice->image);
    if (choice->image)
        return image_load(image, choice->image, choice->force, reason);
    return guest_build(image, choice->guest ? choice->guest : "sleep", settings, reason);
}

const char *image_choice_name(const struct image_choice *choice, const struct image *image)
{
    return choice->image ? choice->image : image->guest;
}

static int choose_mix(const struct image_choice *choice, const struct guest_settings *settings,
                      const char *text, struct guest_mix *guests, struct reason *reason)
{
    char why[REASON_ROOM];

    if (choice->guest || choice->image || choice->force || image_choice_has_settings(settings))
        return reason_set(reason, EINVAL,
                          "--mix names all guests with their settings; --guest, --image, --force and "
                          "settings do not go with it");
    int error = guest_mix_parse(guests, text, reason);

    if (!error)
        return 0;
    snprintf(why, sizeof(why), "%s", reason->text);
    return reason_set(reason, -error, "--mix: %s", why);
}

int choose_vms(const struct image_choice *choice, const struct guest_settings *settings, const char *mix,
               const struct engine *engine, const void *engine_options, struct image *image,
               struct guest_mix *guests, struct vms_choice *ret_choice, struct reason *reason)
{
    int error;

    *ret_choice = (struct vms_choice){.engine = engine, .engine_options = engine_options};
    if (!mix) {
        error = choose_image(choice, settings, image, reason);
        ret_choice->image = image;
        ret_choice->name = image_choice_name(choice, image);
        return error;
    }
    error = choose_mix(choice, settings, mix, guests, reason);
    if (!error)
        error = mix_create(engine, engine_options, guests, &ret_choice->mix, reason);
    if (error)
        return error;
    ret_choice->engine = mix_engine(ret_choice->mix);
    ret_choice->engine_options = ret_choice->mix;
    ret_choice->image = &guests->parts[0].image;
    ret_choice->name = mix;
    return 0;
}

void vms_release(struct vms_choice *choice)
{
    mix_free(choice->mix);
    choice->mix = NULL;
}
