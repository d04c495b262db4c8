/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/nova.h"

#include "base/reason.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { PAGES_MOST = 1000, NAME_ROOM = 96 };

typedef bool (*fits)(const json_t *flavor, const char *wanted);

static bool text_is(const json_t *object, const char *key, const char *wanted)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text && strcmp(text, wanted) == 0;
}

static bool has_name_or_id(const json_t *flavor, const char *wanted)
{
    return text_is(flavor, "name", wanted) || text_is(flavor, "id", wanted);
}

/* The run's own, by its name and by what it says of itself. */
static bool is_of_run(const json_t *flavor, const char *run)
{
    char name[NAME_ROOM], description[NAME_ROOM];

    snprintf(name, sizeof(name), "mvm-%.64s", run);
    snprintf(description, sizeof(description), "mvm-run=%.64s", run);
    return text_is(flavor, "name", name) && text_is(flavor, "description", description);
}

/* Looks through the flavors; "" when none fits. */
static int search(struct cloud *cloud, struct http *http, fits fit, const char *wanted,
                  char ret_id[NOVA_ID_ROOM], struct reason *reason)
{
    char path[256], marker[NOVA_ID_ROOM] = "";

    ret_id[0] = '\0';
    for (int page = 0; page < PAGES_MOST && !ret_id[0]; page++) {
        struct cloud_answer answer;
        const json_t *flavor;
        size_t i;

        snprintf(path, sizeof(path), "/flavors/detail?is_public=None%s%s", marker[0] ? "&marker=" : "",
                 marker);
        int error = cloud_request(cloud, http, CLOUD_COMPUTE, "GET", path, NULL, &answer, reason);

        if (error)
            return error;
        const json_t *flavors = json_object_get(answer.json, "flavors");

        if (!json_is_array(flavors))
            error = reason_set(reason, EBADMSG, "Nova's answer has no list 'flavors'");
        json_array_foreach(flavors, i, flavor)
        {
            /* Others' flavors may have ids of any form, with which nothing is done here. */
            const char *id = cloud_id(flavor, "id", "a flavor", NULL);

            if (id && fit(flavor, wanted) && !ret_id[0])
                snprintf(ret_id, NOVA_ID_ROOM, "%s", id);
            snprintf(marker, sizeof(marker), "%s", id ? id : "");
        }
        bool last = json_array_size(json_object_get(answer.json, "flavors_links")) == 0 || !marker[0];

        cloud_answer_release(&answer);
        if (error || last)
            return error;
    }
    return 0;
}

int nova_flavor_find(struct cloud *cloud, struct http *http, const char *name, char ret_id[NOVA_ID_ROOM],
                     struct reason *reason)
{
    int error = search(cloud, http, has_name_or_id, name, ret_id, reason);

    if (!error && !ret_id[0])
        return reason_set(reason, ENOENT, "the cloud has no flavor '%.100s'", name);
    return error;
}

int nova_flavor_make(struct cloud *cloud, struct http *http, const char *run, char ret_id[NOVA_ID_ROOM],
                     struct reason *reason)
{
    char name[NAME_ROOM], description[NAME_ROOM];
    struct cloud_answer answer;
    int error = search(cloud, http, is_of_run, run, ret_id, reason);

    if (error || ret_id[0])
        return error;
    snprintf(name, sizeof(name), "mvm-%.64s", run);
    snprintf(description, sizeof(description), "mvm-run=%.64s", run);
    json_t *body = json_pack("{s:{s:s, s:s, s:i, s:i, s:i}}", "flavor", "name", name, "description",
                             description, "ram", 1, "vcpus", 1, "disk", 0);

    if (!body)
        return reason_set(reason, ENOMEM, "no memory for a request");
    error = cloud_request(cloud, http, CLOUD_COMPUTE, "POST", "/flavors", body, &answer, reason);
    json_decref(body);
    if (error)
        return error;
    const char *id = cloud_id(json_object_get(answer.json, "flavor"), "id", "the new flavor", reason);

    if (id)
        snprintf(ret_id, NOVA_ID_ROOM, "%s", id);
    cloud_answer_release(&answer);
    return id ? 0 : -EBADMSG;
}

int nova_flavor_delete(struct cloud *cloud, struct http *http, const char *run, bool *ret_deleted,
                       struct reason *reason)
{
    char id[NOVA_ID_ROOM], path[NOVA_ID_ROOM + 16];
    struct cloud_answer answer;
    int error = search(cloud, http, is_of_run, run, id, reason);

    *ret_deleted = false;
    if (error || !id[0])
        return error;
    snprintf(path, sizeof(path), "/flavors/%s", id);
    error = cloud_request(cloud, http, CLOUD_COMPUTE, "DELETE", path, NULL, &answer, reason);
    cloud_answer_release(&answer);
    *ret_deleted = !error;
    return error == -ENOENT ? 0 : error;
}
