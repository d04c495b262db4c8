/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cloud/nova.h"

#include "base/reason.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int nova_boot(struct cloud *cloud, struct http *http, const struct nova_batch *batch, bool *ret_unsure,
              struct reason *reason)
{
    struct cloud_answer answer;
    char name[128], number[32], part[32];

    /* Nova adds "-1", "-2" and so on to the name when there are several. */
    snprintf(name, sizeof(name), "mvm-%.64s.%llu", batch->run, (unsigned long long)batch->first_vm);
    snprintf(number, sizeof(number), "%llu", (unsigned long long)batch->number);
    snprintf(part, sizeof(part), "%llu", (unsigned long long)batch->part);
    json_t *body =
        json_pack("{s:{s:s, s:s, s:s, s:s, s:i, s:I, s:{s:s, s:s, s:s, s:s}}}", "server", "name", name,
                  "imageRef", batch->image_id, "flavorRef", batch->flavor_id, "networks", "none", "min_count",
                  1, "max_count", (json_int_t)batch->servers, "metadata", "mvm-run", batch->run, "mvm-part",
                  part, "mvm-batch", number, "mvm-process", batch->process);

    *ret_unsure = false;
    if (!body)
        return reason_set(reason, ENOMEM, "no memory for a request");
    int error = cloud_request(cloud, http, CLOUD_COMPUTE, "POST", "/servers", body, &answer, reason);

    json_decref(body);
    *ret_unsure = error && answer.unsure;
    cloud_answer_release(&answer);
    return error;
}

static int act(struct cloud *cloud, struct http *http, const char *id, const char *what, const json_t *body,
               struct cloud_answer *ret_answer, struct reason *reason)
{
    char path[NOVA_ID_ROOM + 32];

    if (!body)
        return reason_set(reason, ENOMEM, "no memory for a request");
    snprintf(path, sizeof(path), "/servers/%s/%s", id, what);
    return cloud_request(cloud, http, CLOUD_COMPUTE, "POST", path, body, ret_answer, reason);
}

static bool has_line(const char *text, const char *line)
{
    size_t length = strlen(line);

    for (const char *at = text; (at = strstr(at, line)); at += length) {
        const char *end = at + length + (at[length] == '\r');

        if ((at == text || at[-1] == '\n' || at[-1] == '\r') && *end == '\n')
            return true;
    }
    return false;
}

int nova_log_has_line(struct cloud *cloud, struct http *http, const char *id, const char *line, bool *ret_has,
                      struct reason *reason)
{
    struct cloud_answer answer;
    json_t *body = json_pack("{s:{}}", "os-getConsoleOutput");
    int error = act(cloud, http, id, "action", body, &answer, reason);

    json_decref(body);
    if (error)
        return error;
    const char *text = cloud_text(answer.json, "output", "the log of a console", reason);

    if (text)
        *ret_has = has_line(text, line);
    cloud_answer_release(&answer);
    return text ? 0 : -EBADMSG;
}

int nova_serial_console(struct cloud *cloud, struct http *http, const char *id, char ret_url[NOVA_URL_ROOM],
                        struct reason *reason)
{
    struct cloud_answer answer;
    json_t *body = json_pack("{s:{s:s, s:s}}", "remote_console", "protocol", "serial", "type", "serial");
    int error = act(cloud, http, id, "remote-consoles", body, &answer, reason);
    int status = answer.status;

    json_decref(body);
    if (error && (status == 400 || status == 501))
        return reason_set(reason, ENOTSUP, "%s", reason ? reason->text : "");
    if (error)
        return error;
    const char *url =
        cloud_text(json_object_get(answer.json, "remote_console"), "url", "a serial console", reason);

    error = url ? 0 : -EBADMSG;
    if (url && (size_t)snprintf(ret_url, NOVA_URL_ROOM, "%s", url) >= NOVA_URL_ROOM)
        error = reason_set(reason, EBADMSG, "the address of a serial console is too long");
    cloud_answer_release(&answer);
    return error;
}

int nova_delete(struct cloud *cloud, struct http *http, const char *id, struct reason *reason)
{
    struct cloud_answer answer;
    char path[NOVA_ID_ROOM + 16];

    snprintf(path, sizeof(path), "/servers/%s", id);
    int error = cloud_request(cloud, http, CLOUD_COMPUTE, "DELETE", path, NULL, &answer, reason);

    cloud_answer_release(&answer);
    return error == -ENOENT ? 0 : error;
}
