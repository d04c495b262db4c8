/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "guest/image.h"

#include "base/reason.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The descriptor: docs/guest-protocol.md. */
enum {
    JUMP_SHORT = 0xeb,
    MARK_AT = 2,
    NAME_AT = 6,
    SETTINGS_OFFSET_AT = 14,
    SETTINGS_ROOM_AT = 16,
};

/* A file far larger than an image is refused by its length, which takes no more than this of it. */
enum { FILE_LIMIT = 64 << 20 };

static size_t word_at(const uint8_t *bytes, size_t offset)
{
    return (size_t)bytes[offset] | (size_t)bytes[offset + 1] << 8;
}

/* A name is 1 to 8 of a-z, 0-9 and '-', and NULs up to 8. */
static bool take_name(const uint8_t *field, char name[IMAGE_GUEST_NAME_ROOM])
{
    size_t length = 0;

    while (length < IMAGE_GUEST_NAME_ROOM - 1 && field[length]) {
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-", field[length]))
            return false;
        length++;
    }
    for (size_t i = length; i < IMAGE_GUEST_NAME_ROOM - 1; i++)
        if (field[i])
            return false;
    memset(name, 0, IMAGE_GUEST_NAME_ROOM);
    memcpy(name, field, length);
    return length > 0;
}

static bool take_descriptor(const uint8_t bytes[IMAGE_SIZE], char name[IMAGE_GUEST_NAME_ROOM],
                            struct image_settings *settings)
{
    static const uint8_t mark[] = {'M', 'V', 'M', 1};

    if (bytes[0] != JUMP_SHORT || memcmp(bytes + MARK_AT, mark, sizeof(mark)) != 0)
        return false;
    if (!take_name(bytes + NAME_AT, name))
        return false;
    settings->offset = word_at(bytes, SETTINGS_OFFSET_AT);
    settings->room = word_at(bytes, SETTINGS_ROOM_AT);
    if (settings->offset == 0)
        return settings->room == 0;
    return settings->offset >= IMAGE_DESCRIPTOR_END && settings->offset + settings->room <= IMAGE_SIGNATURE;
}

void image_from_bytes(struct image *image, const uint8_t bytes[IMAGE_SIZE])
{
    struct image_settings settings;

    memmove(image->bytes, bytes, IMAGE_SIZE);
    sha256_text(image->bytes, IMAGE_SIZE, image->sha256);
    image->ours = take_descriptor(image->bytes, image->guest, &settings);
    image->answers = image->ours;
    if (!image->ours)
        memset(image->guest, 0, sizeof(image->guest));
}

struct image_settings image_settings(const uint8_t bytes[IMAGE_SIZE])
{
    char name[IMAGE_GUEST_NAME_ROOM];
    struct image_settings settings;

    if (!take_descriptor(bytes, name, &settings))
        return (struct image_settings){0};
    return settings;
}

int image_load(struct image *image, const char *path, bool force, struct reason *reason)
{
    uint8_t bytes[IMAGE_SIZE] = {0};
    size_t length;
    char *file;
    int error = file_read(path, FILE_LIMIT, &file, &length, reason);

    if (error)
        return error;
    memcpy(bytes, file, length < IMAGE_SIZE ? length : IMAGE_SIZE);
    free(file);
    if (length != IMAGE_SIZE && !force)
        return reason_set(reason, EINVAL, "'%s' has %zu bytes; a boot sector has %d", path, length,
                          IMAGE_SIZE);

    struct image loaded;

    image_from_bytes(&loaded, bytes);
    if (!image_has_signature(&loaded) && !force)
        return reason_set(
            reason, EINVAL,
            "'%s' does not end in the boot signature 55 AA but in %02X %02X, so a BIOS would not start it",
            path, bytes[IMAGE_SIGNATURE], bytes[IMAGE_SIGNATURE + 1]);
    *image = loaded;
    return 0;
}

bool image_has_signature(const struct image *image)
{
    return image->bytes[IMAGE_SIGNATURE] == 0x55 && image->bytes[IMAGE_SIGNATURE + 1] == 0xaa;
}
