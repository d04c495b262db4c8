/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/glance.h"

#include "base/reason.h"

#include <errno.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>

enum { IMAGES_MOST = 32, TAG_ROOM = 96, HASH_ROOM = 2 * SHA512_DIGEST_SIZE + 1 };

/* Glance's os_hash_value is SHA-512 unless it was told otherwise; images with another are not found again. */
static void hash_of(const void *bytes, size_t length, char ret_text[HASH_ROOM])
{
    uint8_t digest[SHA512_DIGEST_SIZE];
    struct sha512_ctx context;

    sha512_init(&context);
    sha512_update(&context, length, bytes);
    sha512_digest(&context, sizeof(digest), digest);
    for (size_t i = 0; i < sizeof(digest); i++)
        snprintf(ret_text + 2 * i, 3, "%02x", digest[i]);
}

static bool text_is(const json_t *object, const char *key, const char *wanted)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text && strcmp(text, wanted) == 0;
}

static bool is_of_run(const json_t *image, const char *run)
{
    char name[TAG_ROOM], tag[TAG_ROOM];
    const json_t *value;
    size_t i;

    snprintf(name, sizeof(name), "mvm-%.64s", run);
    snprintf(tag, sizeof(tag), "mvm-run=%.64s", run);
    json_array_foreach(json_object_get(image, "tags"), i, value)
    {
        const char *text = json_string_value(value);

        if (text && strcmp(text, tag) == 0)
            return text_is(image, "name", name);
    }
    return false;
}

/* The ids of the run's images, those that are active and have this hash when one is given. */
static int find(struct cloud *cloud, struct http *http, const char *run, const char *hash,
                char ret_ids[IMAGES_MOST][GLANCE_ID_ROOM], size_t *ret_count, struct reason *reason)
{
    struct cloud_answer answer;
    char path[256];
    const json_t *image;
    size_t i;

    *ret_count = 0;
    /* A run's name has nothing that would have to be written otherwise in a URL. */
    snprintf(path, sizeof(path), "/images?limit=%d&tag=mvm-run%%3D%.64s", IMAGES_MOST, run);
    int error = cloud_request(cloud, http, CLOUD_IMAGE, "GET", path, NULL, &answer, reason);

    if (error)
        return error;
    const json_t *images = json_object_get(answer.json, "images");

    if (!json_is_array(images))
        error = reason_set(reason, EBADMSG, "Glance's answer has no list 'images'");
    json_array_foreach(images, i, image)
    {
        const char *id = is_of_run(image, run) ? cloud_id(image, "id", "an image", NULL) : NULL;

        if (!id || *ret_count == IMAGES_MOST ||
            (hash && (!text_is(image, "os_hash_value", hash) || !text_is(image, "status", "active"))))
            continue;
        snprintf(ret_ids[(*ret_count)++], GLANCE_ID_ROOM, "%s", id);
    }
    cloud_answer_release(&answer);
    return error;
}

static int make(struct cloud *cloud, struct http *http, const char *run, char ret_id[GLANCE_ID_ROOM],
                struct reason *reason)
{
    struct cloud_answer answer;
    char name[TAG_ROOM], tag[TAG_ROOM];

    snprintf(name, sizeof(name), "mvm-%.64s", run);
    snprintf(tag, sizeof(tag), "mvm-run=%.64s", run);
    json_t *body =
        json_pack("{s:s, s:s, s:s, s:s, s:[s], s:i, s:i, s:s, s:s}", "name", name, "container_format", "bare",
                  "disk_format", "raw", "visibility", "private", "tags", tag, "min_ram", 0, "min_disk", 0,
                  "hw_disk_bus", "ide", "hw_video_model", "none");

    if (!body)
        return reason_set(reason, ENOMEM, "no memory for a request");
    int error = cloud_request(cloud, http, CLOUD_IMAGE, "POST", "/images", body, &answer, reason);

    json_decref(body);
    if (error)
        return error;
    const char *id = cloud_id(answer.json, "id", "the new image", reason);

    if (id)
        snprintf(ret_id, GLANCE_ID_ROOM, "%s", id);
    cloud_answer_release(&answer);
    return id ? 0 : -EBADMSG;
}

int glance_image(struct cloud *cloud, struct http *http, const char *run, const void *bytes, size_t length,
                 char ret_id[GLANCE_ID_ROOM], struct reason *reason)
{
    char ids[IMAGES_MOST][GLANCE_ID_ROOM], path[GLANCE_ID_ROOM + 32], hash[HASH_ROOM];
    size_t count;

    hash_of(bytes, length, hash);
    int error = find(cloud, http, run, hash, ids, &count, reason);

    if (error)
        return error;
    if (count > 0) {
        memcpy(ret_id, ids[0], GLANCE_ID_ROOM);
        return 0;
    }
    error = make(cloud, http, run, ret_id, reason);
    if (error)
        return error;
    snprintf(path, sizeof(path), "/images/%s/file", ret_id);
    return cloud_put_bytes(cloud, http, CLOUD_IMAGE, path, bytes, length, reason);
}

int glance_delete(struct cloud *cloud, struct http *http, const char *run, unsigned *ret_deleted,
                  struct reason *reason)
{
    char ids[IMAGES_MOST][GLANCE_ID_ROOM], path[GLANCE_ID_ROOM + 16];
    size_t count;
    int error = find(cloud, http, run, NULL, ids, &count, reason);

    *ret_deleted = 0;
    for (size_t i = 0; !error && i < count; i++) {
        struct cloud_answer answer;

        snprintf(path, sizeof(path), "/images/%s", ids[i]);
        error = cloud_request(cloud, http, CLOUD_IMAGE, "DELETE", path, NULL, &answer, reason);
        cloud_answer_release(&answer);
        error = error == -ENOENT ? 0 : error;
        *ret_deleted += !error;
    }
    return error;
}
