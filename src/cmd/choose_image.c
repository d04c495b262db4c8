/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/choose_image.h"

#include "base/reason.h"

#include <errno.h>

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
