/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/hosts.h"

#include "base/reason.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const classes[CLOUD_RESOURCES] = {
    [CLOUD_VCPUS] = "VCPU",
    [CLOUD_MEMORY_MIB] = "MEMORY_MB",
    [CLOUD_DISK_GIB] = "DISK_GB",
};

struct list {
    struct cloud_host *hosts;
    size_t count;
};

static int add(struct cloud *cloud, struct list *list, const json_t *hypervisor, struct reason *reason)
{
    const char *id = cloud_id(hypervisor, "id", "a hypervisor", reason);
    const char *name =
        id ? cloud_text(json_object_get(hypervisor, "service"), "host", "the service of a hypervisor", reason)
           : NULL;

    if (!name)
        return -EBADMSG;
    if (list->count == CLOUD_HOSTS_MOST)
        return reason_set(reason, E2BIG, "the cloud has more than %d compute hosts", CLOUD_HOSTS_MOST);
    struct cloud_host *host = &list->hosts[list->count++];

    *host = (struct cloud_host){0};
    snprintf(host->id, sizeof(host->id), "%s", id);
    cloud_words(cloud, name, host->name, sizeof(host->name));
    return 0;
}

/* One page of hypervisors behind `marker`, which becomes the last one's id, or "" at the last page. */
static int take_page(struct cloud *cloud, struct http *http, struct list *list,
                     char marker[CLOUD_HOST_ID_ROOM], struct reason *reason)
{
    struct cloud_answer answer;
    char path[128 + CLOUD_HOST_ID_ROOM];
    size_t before = list->count, i;
    const json_t *hypervisor;

    snprintf(path, sizeof(path), "/os-hypervisors/detail%s%s", marker[0] ? "?marker=" : "", marker);
    int error = cloud_request(cloud, http, CLOUD_COMPUTE, "GET", path, NULL, &answer, reason);

    if (error)
        return error;
    const json_t *hypervisors = json_object_get(answer.json, "hypervisors");

    if (!json_is_array(hypervisors))
        error = reason_set(reason, EBADMSG, "Nova's answer has no list 'hypervisors'");
    json_array_foreach(hypervisors, i, hypervisor)
    {
        if (!error)
            error = add(cloud, list, hypervisor, reason);
    }
    bool more =
        list->count > before && json_array_size(json_object_get(answer.json, "hypervisors_links")) > 0;

    snprintf(marker, CLOUD_HOST_ID_ROOM, "%s", more && !error ? list->hosts[list->count - 1].id : "");
    cloud_answer_release(&answer);
    return error;
}

/* The number `key` of an object; -EBADMSG when it is none, or negative. */
static int take_number(const json_t *object, const char *key, double *ret_number, struct reason *reason)
{
    const json_t *value = json_object_get(object, key);
    double number = json_number_value(value);

    if (!json_is_number(value) || !(number >= 0))
        return reason_set(reason, EBADMSG, "'%s' of a host in Placement's answer is no number", key);
    *ret_number = number;
    return 0;
}

static int take_inventory(const json_t *inventory, double *ret_capacity, struct reason *reason)
{
    double total = 0, reserved = 0, ratio = 0;
    int error = take_number(inventory, "total", &total, reason);

    if (!error)
        error = take_number(inventory, "reserved", &reserved, reason);
    if (!error)
        error = take_number(inventory, "allocation_ratio", &ratio, reason);
    *ret_capacity = fmax(total - reserved, 0) * ratio;
    return error;
}

static int ask_placement(struct cloud *cloud, struct http *http, struct cloud_host *host,
                         struct reason *reason)
{
    struct cloud_answer inventories, usages;
    char path[CLOUD_HOST_ID_ROOM + 64];

    snprintf(path, sizeof(path), "/resource_providers/%s/inventories", host->id);
    int error = cloud_request(cloud, http, CLOUD_PLACEMENT, "GET", path, NULL, &inventories, reason);

    if (error)
        return error;
    snprintf(path, sizeof(path), "/resource_providers/%s/usages", host->id);
    error = cloud_request(cloud, http, CLOUD_PLACEMENT, "GET", path, NULL, &usages, reason);
    for (size_t i = 0; !error && i < CLOUD_RESOURCES; i++) {
        const json_t *inventory =
            json_object_get(json_object_get(inventories.json, "inventories"), classes[i]);

        host->capacity[i] = NAN;
        if (!inventory)
            continue;
        error = take_inventory(inventory, &host->capacity[i], reason);
        if (!error)
            error = take_number(json_object_get(usages.json, "usages"), classes[i], &host->used[i], reason);
    }
    cloud_answer_release(&inventories);
    cloud_answer_release(&usages);
    return error;
}

int cloud_hosts(struct cloud *cloud, struct http *http, struct cloud_host **ret_hosts, size_t *ret_count,
                struct reason *reason)
{
    struct list list = {.hosts = calloc(CLOUD_HOSTS_MOST, sizeof(*list.hosts))};
    char marker[CLOUD_HOST_ID_ROOM] = "";
    int error = list.hosts ? 0 : reason_set(reason, ENOMEM, "no memory for a list of hosts");

    do {
        if (!error)
            error = take_page(cloud, http, &list, marker, reason);
    } while (!error && marker[0]);
    for (size_t i = 0; !error && i < list.count; i++)
        error = ask_placement(cloud, http, &list.hosts[i], reason);
    if (error) {
        free(list.hosts);
        return error;
    }
    *ret_hosts = list.hosts;
    *ret_count = list.count;
    return 0;
}
