/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Settings of the guest `load`: the profile as pairs of words, timer ticks of 50 ms and busy timer counts in
 * each of them, up to a pair of no ticks.
 */
#include "base/clock.h"
#include "base/reason.h"
#include "guest/profile.h"
#include "guest/settings.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    TICK_NS = 50 * NS_PER_MILLISECOND,
    TICK_COUNTS = 59659, /* 1193182 Hz / 59659 = 20.0000 Hz */
    STEP_LENGTH = 4,
    STEP_ROOM = 64, /* characters of a step on the command line, more than any needs */
};

struct step {
    uint16_t ticks;
    uint16_t busy;
};

static const struct load_profile profiles[] = {
    {"spikes", "1s@100,9s@0", "all of a CPU for a second, ten seconds apart"},
    {"thin-spikes", "0.1s@100,0.9s@0", "the same share in spikes of a tenth of a second"},
    {"rare-spikes", "0.5s@100,29.5s@0", "half a second of all of a CPU, half a minute apart"},
    {"burst", "3s@80,12s@5", "three busy seconds over a low ground load"},
};

const struct load_profile *load_profiles(size_t *ret_count)
{
    *ret_count = sizeof(profiles) / sizeof(profiles[0]);
    return profiles;
}

static const char *steps_of(const char *profile)
{
    for (size_t i = 0; i < sizeof(profiles) / sizeof(profiles[0]); i++)
        if (strcmp(profiles[i].name, profile) == 0)
            return profiles[i].steps;
    return profile;
}

static int refuse_profile(struct reason *reason, const char *profile)
{
    return reason_set(
        reason, EINVAL,
        "--profile takes a percentage, a list such as 0.5s@100,9.5s@0, or one of spikes, thin-spikes, "
        "rare-spikes and burst, not '%s'",
        profile);
}

static int parse_percent(char *text, double *ret_percent)
{
    size_t length = strlen(text);
    double percent;

    if (length > 0 && text[length - 1] == '%')
        text[length - 1] = '\0';
    if (parse_number(text, &percent) < 0 || percent > 100)
        return -EINVAL;
    *ret_percent = percent;
    return 0;
}

/* One step, "SECONDS@PERCENT"; `text` is written to. */
static int parse_step(char *text, struct step *ret_step, struct reason *reason)
{
    char *at = strchr(text, '@');
    char given[STEP_ROOM];
    double percent;
    uint64_t ns;

    snprintf(given, sizeof(given), "%s", text);
    if (!at)
        return reason_set(reason, EINVAL, "the step '%s' of --profile is not of the form SECONDS@PERCENT",
                          given);
    *at = '\0';
    if (parse_duration(text, &ns) < 0)
        return reason_set(reason, EINVAL,
                          "the step '%s' of --profile does not begin with a time such as 0.5s", given);
    if (ns == 0 || ns % TICK_NS != 0)
        return reason_set(
            reason, EINVAL,
            "the step '%s' of --profile does not last a multiple of 50 ms, the guest's timer tick", given);
    if (ns / TICK_NS > UINT16_MAX)
        return reason_set(reason, EINVAL,
                          "the step '%s' of --profile lasts longer than %.2f s, the longest step", given,
                          UINT16_MAX * 0.05);
    if (parse_percent(at + 1, &percent) < 0)
        return reason_set(reason, EINVAL,
                          "the step '%s' of --profile does not end in a percentage from 0 to 100", given);
    ret_step->ticks = (uint16_t)(ns / TICK_NS);
    ret_step->busy = (uint16_t)lround(percent / 100 * TICK_COUNTS);
    return 0;
}

/* Reads the list into `steps` as far as `most` goes; `*ret_count` counts all of them. */
static int parse_steps(const char *list, struct step *steps, size_t most, size_t *ret_count,
                       struct reason *reason)
{
    size_t count = 0;

    for (const char *at = list;; at++) {
        size_t length = strcspn(at, ",");
        char text[STEP_ROOM];
        struct step step;

        if (length >= sizeof(text))
            return reason_set(reason, EINVAL, "a step of --profile is longer than %d characters",
                              STEP_ROOM - 1);
        memcpy(text, at, length);
        text[length] = '\0';
        int error = parse_step(text, &step, reason);

        if (error)
            return error;
        if (count < most)
            steps[count] = step;
        count++;
        at += length;
        if (!*at)
            break;
    }
    *ret_count = count;
    return 0;
}

int load_apply(uint8_t bytes[IMAGE_SIZE], const struct guest_settings *settings, struct reason *reason)
{
    struct image_settings block = image_settings(bytes);
    struct step steps[IMAGE_SIZE / STEP_LENGTH];
    size_t most = (block.room - 2) / STEP_LENGTH, count = 0; /* the end takes a word */
    char constant[STEP_ROOM];
    const char *list;
    double percent;

    if (!settings->profile)
        return 0;
    list = steps_of(settings->profile);
    if (!strchr(list, '@')) {
        if (strlen(list) >= sizeof(constant))
            return refuse_profile(reason, list);
        memcpy(constant, list, strlen(list) + 1);
        if (parse_percent(constant, &percent) < 0)
            return refuse_profile(reason, list);
        steps[0] = (struct step){.ticks = 20, .busy = (uint16_t)lround(percent / 100 * TICK_COUNTS)};
        count = 1;
    } else {
        int error = parse_steps(list, steps, most, &count, reason);

        if (error)
            return error;
    }
    if (count > most)
        return reason_set(reason, EINVAL,
                          "the profile has %zu steps and the image has room for %zu: %zu bytes are missing",
                          count, most, (count - most) * STEP_LENGTH);
    uint8_t *at = bytes + block.offset;

    memset(at, 0, block.room);
    for (size_t i = 0; i < count; i++, at += STEP_LENGTH) {
        settings_set_word(at, steps[i].ticks);
        settings_set_word(at + 2, steps[i].busy);
    }
    return 0;
}

/* Steps in the settings of any image; none reaches past the room. */
static size_t count_steps(const uint8_t *at, size_t room)
{
    size_t count = 0;

    while ((count + 1) * STEP_LENGTH <= room && settings_word(at + count * STEP_LENGTH) != 0)
        count++;
    return count;
}

char *load_describe(const uint8_t bytes[IMAGE_SIZE])
{
    struct image_settings block = image_settings(bytes);
    size_t count = count_steps(bytes + block.offset, block.room), length;
    char *text = NULL;
    FILE *to = open_memstream(&text, &length);

    if (!to)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *at = bytes + block.offset + i * STEP_LENGTH;
        double seconds = settings_word(at) * 0.05;
        /* Two decimals tell the counts apart: one is 0.0017 %, and what was typed comes out again. */
        double percent = round(settings_word(at + 2) * 10000.0 / TICK_COUNTS) / 100;

        fprintf(to, "%s%.8gs@%.8g", i == 0 ? "profile " : ",", seconds, percent);
    }
    if (count > 0)
        fputc('\n', to);
    if (fclose(to) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

size_t load_settings_used(const uint8_t bytes[IMAGE_SIZE])
{
    struct image_settings block = image_settings(bytes);
    size_t used = count_steps(bytes + block.offset, block.room) * STEP_LENGTH + 2;

    return used < block.room ? used : block.room;
}
