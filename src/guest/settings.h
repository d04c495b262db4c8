/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The settings of the guests that take any: how they are read, laid into an image, told and measured. One
 * file a guest; the functions are those of struct guest. The layouts are those of docs/guest-protocol.md.
 */
#ifndef MVM_GUEST_SETTINGS_H
#define MVM_GUEST_SETTINGS_H

#include "guest/catalog.h"

int web_apply(uint8_t bytes[IMAGE_SIZE], const struct guest_settings *settings, struct reason *reason);
char *web_describe(const uint8_t bytes[IMAGE_SIZE]);
size_t web_settings_used(const uint8_t bytes[IMAGE_SIZE]);

int load_apply(uint8_t bytes[IMAGE_SIZE], const struct guest_settings *settings, struct reason *reason);
char *load_describe(const uint8_t bytes[IMAGE_SIZE]);
size_t load_settings_used(const uint8_t bytes[IMAGE_SIZE]);

/* Interrupts a second: the 8254 divides by 65535 at the most here, and a PC has little else to do at the
 * most. */
#define TICK_TIMER_LEAST 18.3
#define TICK_TIMER_MOST  10000.0

int tick_apply(uint8_t bytes[IMAGE_SIZE], const struct guest_settings *settings, struct reason *reason);
char *tick_describe(const uint8_t bytes[IMAGE_SIZE]);

/* Reads a second. At the least the 16-bit fraction of a read in each tick is still exact to 1.5 %. */
#define DISK_RATE_LEAST 0.01
#define DISK_RATE_MOST  1000.0

int disk_apply(uint8_t bytes[IMAGE_SIZE], const struct guest_settings *settings, struct reason *reason);
char *disk_describe(const uint8_t bytes[IMAGE_SIZE]);

/* Of guests whose settings always have the same size. */
static inline size_t settings_used_whole(const uint8_t bytes[IMAGE_SIZE])
{
    return image_settings(bytes).room;
}

/* Little-endian words of a settings block. */
static inline uint16_t settings_word(const uint8_t *at)
{
    return (uint16_t)(at[0] | at[1] << 8);
}

static inline void settings_set_word(uint8_t *at, uint16_t word)
{
    at[0] = (uint8_t)(word & 0xff);
    at[1] = (uint8_t)(word >> 8);
}

#endif
