/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The list of servers, page by page, as far as they are the run's. */
#include "cloud/nova.h"

#include "base/reason.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { PAGE = 500, PAGES_MOST = 4000 };

struct list {
    struct nova_server *servers;
    size_t count, room;
};

static enum nova_state state_of(const char *status)
{
    static const struct {
        const char *status;
        enum nova_state state;
    } states[] = {{"BUILD", NOVA_BUILD},   {"ACTIVE", NOVA_ACTIVE},        {"ERROR", NOVA_ERROR},
                  {"REBUILD", NOVA_BUILD}, {"SOFT_DELETED", NOVA_DELETED}, {"DELETED", NOVA_DELETED}};

    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
        if (strcmp(states[i].status, status) == 0)
            return states[i].state;
    return NOVA_STOPPED;
}

/* Whether it was made by this run: by its metadata and by its name. */
static bool is_ours(const json_t *server, const char *run)
{
    const json_t *metadata = json_object_get(server, "metadata");
    const char *of = json_string_value(json_object_get(metadata, "mvm-run")),
               *name = json_string_value(json_object_get(server, "name"));
    char prefix[128];

    snprintf(prefix, sizeof(prefix), "mvm-%.64s.", run);
    return of && name && strcmp(of, run) == 0 && strncmp(name, prefix, strlen(prefix)) == 0;
}

/* A whole number of its metadata; UINT64_MAX when there is none. */
static uint64_t number(const json_t *server, const char *key)
{
    const char *text = json_string_value(json_object_get(json_object_get(server, "metadata"), key));

    return text && text[0] && strspn(text, "0123456789") == strlen(text) && strlen(text) <= 20
               ? strtoull(text, NULL, 10)
               : UINT64_MAX;
}

/* The field host_status, of microversion 2.16. */
static bool host_is_away(const json_t *server)
{
    const char *status = json_string_value(json_object_get(server, "host_status"));

    return status && (strcmp(status, "UNKNOWN") == 0 || strcmp(status, "DOWN") == 0);
}

static int add(struct cloud *cloud, struct list *list, const json_t *server, struct reason *reason)
{
    const char *id = cloud_id(server, "id", "a server", reason);
    const char *status = id ? cloud_text(server, "status", "a server", reason) : NULL;
    const char *process =
        json_string_value(json_object_get(json_object_get(server, "metadata"), "mvm-process"));
    const char *fault = json_string_value(json_object_get(json_object_get(server, "fault"), "message"));
    const char *host = json_string_value(json_object_get(server, "OS-EXT-SRV-ATTR:host"));

    /* Who is no administrator is told which servers share a host, but not which one it is. */
    if (!host)
        host = json_string_value(json_object_get(server, "hostId"));

    if (!status)
        return -EBADMSG;
    if (list->count == list->room) {
        size_t wanted = list->room ? 2 * list->room : 64;
        struct nova_server *grown = realloc(list->servers, wanted * sizeof(*grown));

        if (!grown)
            return reason_set(reason, ENOMEM, "no memory for a list of servers");
        list->servers = grown;
        list->room = wanted;
    }
    struct nova_server *to = &list->servers[list->count++];

    *to = (struct nova_server){
        .part = number(server, "mvm-part"),
        .batch = number(server, "mvm-batch"),
        .state = state_of(status),
        .host_is_away = host_is_away(server),
    };
    snprintf(to->id, sizeof(to->id), "%s", id);
    cloud_words(cloud, status, to->status, sizeof(to->status));
    cloud_words(cloud, fault ? fault : "", to->fault, sizeof(to->fault));
    cloud_words(cloud, host ? host : "", to->host, sizeof(to->host));
    cloud_words(cloud, process ? process : "", to->process, sizeof(to->process));
    return 0;
}

/* The path of a page, behind the server `marker`. */
static void page_path(char *ret_path, size_t room, int64_t changed_since, const char *marker)
{
    char since[64] = "";
    time_t then = (time_t)changed_since;
    struct tm utc;

    if (changed_since > 0 && gmtime_r(&then, &utc))
        strftime(since, sizeof(since), "&changes-since=%Y-%m-%dT%H:%M:%SZ", &utc);
    snprintf(ret_path, room, "/servers/detail?limit=%d%s%s%s", PAGE, since, marker[0] ? "&marker=" : "",
             marker);
}

/* Takes the servers of a page; `marker` becomes the last one's id, or "" when it is the last page. */
static int take_page(struct cloud *cloud, struct list *list, const char *run, const json_t *page,
                     char marker[NOVA_ID_ROOM], struct reason *reason)
{
    const json_t *servers = json_object_get(page, "servers"), *server, *link;
    char before[NOVA_ID_ROOM], last[NOVA_ID_ROOM] = "";
    bool more = false;
    size_t i;
    int error = 0;

    if (!json_is_array(servers))
        return reason_set(reason, EBADMSG, "Nova's answer has no list 'servers'");
    json_array_foreach(servers, i, server)
    {
        const char *id = cloud_id(server, "id", "a server", reason);

        error = id ? 0 : -EBADMSG;
        if (!error && is_ours(server, run))
            error = add(cloud, list, server, reason);
        if (error)
            return error;
        snprintf(last, sizeof(last), "%s", id);
    }
    json_array_foreach(json_object_get(page, "servers_links"), i, link)
    {
        const char *relation = json_string_value(json_object_get(link, "rel"));

        more = more || (relation && strcmp(relation, "next") == 0);
    }
    memcpy(before, marker, NOVA_ID_ROOM);
    memcpy(marker, more ? last : "", more ? NOVA_ID_ROOM : 1);
    if (marker[0] && strcmp(before, marker) == 0)
        return reason_set(reason, EBADMSG, "Nova's list of servers goes in a circle");
    return 0;
}

int nova_list(struct cloud *cloud, struct http *http, const char *run, int64_t changed_since,
              struct nova_server **ret_servers, size_t *ret_count, int64_t *ret_date, struct reason *reason)
{
    char path[256], marker[NOVA_ID_ROOM] = "";
    struct list list = {0};
    int64_t date = 0;
    int error = 0;

    for (int page = 0; page == 0 || marker[0]; page++) {
        struct cloud_answer answer;

        page_path(path, sizeof(path), changed_since, marker);
        error = page == PAGES_MOST
                    ? reason_set(reason, EBADMSG, "Nova's list of servers has no end")
                    : cloud_request(cloud, http, CLOUD_COMPUTE, "GET", path, NULL, &answer, reason);
        if (error)
            break;
        date = date ? date : answer.date;
        error = take_page(cloud, &list, run, answer.json, marker, reason);
        cloud_answer_release(&answer);
        if (error)
            break;
    }
    if (error) {
        free(list.servers);
        return error;
    }
    *ret_servers = list.servers;
    *ret_count = list.count;
    *ret_date = date;
    return 0;
}
