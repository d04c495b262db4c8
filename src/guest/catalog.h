/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The built-in guests: assembled from guests/ at build time and embedded in the program. */
#ifndef MVM_GUEST_CATALOG_H
#define MVM_GUEST_CATALOG_H

#include "base/option.h"
#include "guest/image.h"

struct reason;

/* Settings of `mvm image build` and of every command that builds an image (as --guest NAME and these
 * options). */
struct guest_settings {
    struct option_list routes; /* web: "/path=content" */
    const char *work;          /* web: CPU burnt before each answer: "10" milliseconds, or with a unit */
    const char *profile;       /* load: "25", "0.5s@100,9.5s@0" or a name */
    double timer;              /* tick: interrupts a second; 0: not given */
    double rate;               /* disk: reads a second; 0: not given */
};

struct guest {
    const char *name;     /* "sleep" */
    const char *summary;  /* one sentence without a full stop */
    const uint8_t *bytes; /* IMAGE_SIZE bytes, as assembled */
    /* Lays the settings into the image, or says what does not fit (with the bytes missing); NULL: takes no
     * settings. */
    int (*apply)(uint8_t bytes[IMAGE_SIZE], const struct guest_settings *settings, struct reason *reason);
    /*
     * Writes what the settings in the image are to a malloc'd text: one line each, with the name of the
     * option, a space and the value that the option would be given. NULL: has none. Safe on any bytes; NULL
     * is returned without memory.
     */
    char *(*describe)(const uint8_t bytes[IMAGE_SIZE]);
    /* Bytes of the room for settings that are taken; NULL: has no settings. Safe on any bytes. */
    size_t (*settings_used)(const uint8_t bytes[IMAGE_SIZE]);
};

/* All built-in guests; `*ret_count` of them. */
const struct guest *guest_catalog(size_t *ret_count);

/* The guest of that name, or NULL. */
const struct guest *guest_find(const char *name);

/* Option rows for struct guest_settings, to be added to a command's own. */
extern const struct option_spec guest_setting_specs[];
extern const size_t guest_setting_spec_count;

/* The same as sets without values; the second leaves out --rate, for commands to which that means something
 * else. */
extern const struct option_set guest_setting_set, guest_setting_set_but_rate;

/*
 * Builds an image of guest `name` with `settings`. A setting that the guest does not know, a value it cannot
 * take or content that does not fit is -EINVAL with a sentence.
 */
int guest_build(struct image *image, const char *name, const struct guest_settings *settings,
                struct reason *reason);

/*
 * Bytes of an image that are free: for more settings where those of a built-in guest reach up to the
 * signature, else the zeros before it.
 */
size_t guest_free_bytes(const struct image *image);

#endif
