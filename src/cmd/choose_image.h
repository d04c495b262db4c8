/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which image VMs are to run, as commands let their users say it. */
#ifndef MVM_CMD_CHOOSE_IMAGE_H
#define MVM_CMD_CHOOSE_IMAGE_H

#include "guest/catalog.h"
#include "guest/mix.h"

struct engine;
struct mix;

struct image_choice {
    const char *guest, *image; /* --guest NAME or --image FILE; both NULL: the guest sleep */
    bool force;                /* --force */
};

/* The option rows for a struct image_choice that is the member `field` of `type`. */
#define IMAGE_CHOICE_SPECS(type, field)                                                                      \
    {"guest",                                                                                                \
     OPTION_TEXT,                                                                                            \
     "NAME",                                                                                                 \
     "the built-in guest that every VM runs ('mvm image list' lists them; without --image, sleep)",          \
     offsetof(type, field) + offsetof(struct image_choice, guest),                                           \
     .fallback = NULL},                                                                                      \
        {"image",                                                                                            \
         OPTION_TEXT,                                                                                        \
         "FILE",                                                                                             \
         "a 512-byte boot sector to run instead of a built-in guest",                                        \
         offsetof(type, field) + offsetof(struct image_choice, image),                                       \
         .fallback = NULL},                                                                                  \
    {                                                                                                        \
        "force", OPTION_FLAG, NULL,                                                                          \
            "run an --image of another size, or without a boot signature, all the same",                     \
            offsetof(type, field) + offsetof(struct image_choice, force), .fallback = NULL                   \
    }

/* The option row of --mix, for a const char * that is the member `field` of `type`. */
#define MIX_CHOICE_SPEC(type, field)                                                                         \
    {                                                                                                        \
        "mix", OPTION_TEXT, "GUEST=SHARE,...",                                                               \
            "several guests instead of one, such as sleep=0.95,load:25=0.05; after a colon stands a "        \
            "guest's one setting: load:PROFILE, tick:HZ, disk:READS, web:/PATH=CONTENT",                     \
            offsetof(type, field), .fallback = NULL                                                          \
    }

/*
 * What VMs are to run: the one image that was chosen, or a mix, which is an engine made of `engine` (a
 * variant already). `image` and `guests` are the caller's room; what is chosen points there. -EINVAL and
 * others with a sentence. vms_release() in every case.
 */
struct vms_choice {
    const struct engine *engine;
    const void *engine_options;
    const struct image *image; /* of a mix: of its first guest */
    const char *name;          /* the guest's, the file's, or the mix, for people */
    struct mix *mix;           /* NULL: there is one image */
};

int choose_vms(const struct image_choice *choice, const struct guest_settings *settings, const char *mix,
               const struct engine *engine, const void *engine_options, struct image *image,
               struct guest_mix *guests, struct vms_choice *ret_choice, struct reason *reason);
void vms_release(struct vms_choice *choice);

/* Loads or builds it. -EINVAL and others with a sentence: what was said is no good. */
int choose_image(const struct image_choice *choice, const struct guest_settings *settings,
                 struct image *image, struct reason *reason);

/* Whether any setting of a guest was given. */
bool image_choice_has_settings(const struct guest_settings *settings);

/* The guest's name or the file's, for people. */
const char *image_choice_name(const struct image_choice *choice, const struct image *image);

#endif
