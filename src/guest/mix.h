/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Several guests in shares, as `--mix sleep=0.95,load:25=0.05` says it. */
#ifndef MVM_GUEST_MIX_H
#define MVM_GUEST_MIX_H

#include "guest/image.h"

#include <stddef.h>

struct reason;

enum {
    GUEST_MIX_PARTS = 16,
    GUEST_MIX_UNITS = 10000, /* a whole, in the units of shares */
    GUEST_SPEC_ROOM = 256,
};

struct guest_mix {
    struct guest_mix_part {
        char spec[GUEST_SPEC_ROOM]; /* "load:25": the guest and, after a colon, its one setting */
        unsigned share;             /* of GUEST_MIX_UNITS, at least 1 */
        struct image image;
    } parts[GUEST_MIX_PARTS];
    size_t count;
};

/*
 * Builds the image that a guest's name and its one setting stand for: load:PROFILE, tick:HZ, disk:READS,
 * web:/PATH=CONTENT, or the name alone. -EINVAL with a sentence.
 */
int guest_build_spec(struct image *image, const char *spec, struct reason *reason);

/*
 * Reads SPEC=SHARE,SPEC=SHARE,...: each share a number above 0 of at most four decimals, and 1 all together.
 * A share is what stands between a '=' and a comma or the end; so settings may have both in them. -EINVAL
 * with a sentence that names what is wrong.
 */
int guest_mix_parse(struct guest_mix *ret_mix, const char *text, struct reason *reason);

/* SHA-256 over the specs, the shares and the images: the same mix has the same one. */
void guest_mix_sha256(const struct guest_mix *mix, char ret_text[SHA256_TEXT_ROOM]);

#endif
