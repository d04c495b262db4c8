/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/load_aim.h"

#include "base/reason.h"
#include "cmd/client.h"
#include "guest/web.h"
#include "load/targets.h"
#include "load/way_engine.h"
#include "load/way_http.h"
#include "result/number.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void expect(struct load_aim *aim, const char *body)
{
    aim->expected = (struct http_expected){.body = body, .length = body ? strlen(body) : 0};
}

static int check_vms(const struct load_aim *aim, struct reason *reason)
{
    if (aim->vms > aim->url.most_vms)
        return reason_set(reason, EINVAL, "%s has no more than %llu addresses, and there are to be %llu VMs",
                          aim->url_text, (unsigned long long)aim->url.most_vms, (unsigned long long)aim->vms);
    if (aim->vms > TARGETS_MOST)
        return reason_set(reason, EINVAL, "requests are spread over %llu VMs at the most",
                          (unsigned long long)TARGETS_MOST);
    return 0;
}

static int take_url(struct load_aim *aim, const struct aim_options *options, const char *url,
                    struct reason *reason)
{
    int error = load_url_parse(url, &aim->url, reason);

    if (error)
        return error;
    snprintf(aim->url_text, sizeof(aim->url_text), "%s", url);
    expect(aim, options->expect);
    aim->vms = options->vms ? options->vms : 1;
    if (options->vms == 0 && aim->url.most_vms > 1)
        return reason_set(reason, EINVAL, "how many VMs there are at %s is to be said with --vms", url);
    return check_vms(aim, reason);
}

/* The URL of a door as the status of a run tells it; false: it is no such door. */
static bool door_url(const json_t *door, const char *by, const char *path, char *ret_url, size_t room)
{
    const char *kind = json_string_value(json_object_get(door, "kind"));
    const char *how = json_string_value(json_object_get(door, "by"));
    const char *prefix = json_string_value(json_object_get(door, "prefix"));
    const char *address = json_string_value(json_object_get(door, "address"));
    json_int_t port = json_integer_value(json_object_get(door, "port"));

    if (!kind || strcmp(kind, "http") != 0 || !how || port == 0 || (by && strcmp(by, how) != 0))
        return false;
    if (strcmp(how, "path") != 0 && strcmp(how, "address") != 0)
        return false;
    bool by_path = how[0] == 'p';
    const char *host = by_path ? address : prefix;

    if (!host)
        return false;
    /* The brackets of IPv6 end before the prefix. */
    size_t length = strcspn(host, "/");
    bool six = strchr(host, ':');

    snprintf(ret_url, room, "http://%s%.*s%s%s:%lld%s%s", six ? "[" : "", (int)length, host, six ? "]" : "",
             host + length, (long long)port, by_path ? "/vm/{}" : "", path);
    return true;
}

static int take_run(struct load_aim *aim, struct aim_options options, struct reason *reason)
{
    char url[sizeof(aim->url_text)];
    struct call call;
    json_t *status, *door;
    size_t i;
    int error = client_connect(options.run, &call, reason);

    if (error)
        return error;
    snprintf(aim->run, sizeof(aim->run), "%s", call.run);
    error = call_do(&call, json_pack("{s:s}", "do", "status"), CALL_PATIENCE_NS, &status, reason);
    call_close(&call);
    if (error)
        return error;
    bool found = false;

    json_array_foreach(json_object_get(status, "doors"), i, door)
    {
        found = door_url(door, options.by, options.path ? options.path : "/", url, sizeof(url));
        if (found)
            break;
    }
    json_int_t started = json_integer_value(json_object_get(json_object_get(status, "vms"), "started"));

    json_decref(status);
    if (options.vms > (uint64_t)started)
        return reason_set(reason, EINVAL, "--vms is %llu, but the run %s has %lld VMs",
                          (unsigned long long)options.vms, aim->run, (long long)started);
    if (options.vms == 0)
        options.vms = (uint64_t)started;
    if (!found)
        return reason_set(reason, EINVAL,
                          "the run %s has no HTTP door%s%s over TCP; 'mvm run --http' makes one, and 'mvm "
                          "load --engine' loads "
                          "VMs of its own",
                          aim->run, options.by ? " by " : "", options.by ? options.by : "");
    return take_url(aim, &options, url, reason);
}

static int choose_requests(struct load_aim *aim, const struct aim_options *options, struct reason *reason)
{
    const struct image *image = &aim->own.image;
    const char *path = options->path ? options->path : "/";
    bool http = image_is_web(image) && !options->challenges;

    if (!image->answers)
        return reason_set(
            reason, EINVAL,
            "the image %s is none of mvm's guests, so what it answers is not known; only images that "
            "answer challenges can be loaded",
            aim->image_name);
    if (!http && (options->path || options->expect))
        return reason_set(reason, EINVAL, "--%s is for HTTP, and these VMs are sent challenges",
                          options->path ? "path" : "expect");
    if (!http)
        return 0;
    if (!load_path_is_sound(path))
        return reason_set(reason, EINVAL,
                          "--path takes a path that can be sent as it is, such as /, not '%.100s'", path);
    aim->path = path;
    expect(aim, options->expect);
    /* What the image holds is known. */
    if (!options->expect && !web_content(image, path, &aim->expected.body, &aim->expected.length))
        return reason_set(reason, EINVAL,
                          "the image has no content for the path %s; give it with --route %s=CONTENT", path,
                          path);
    return 0;
}

static int take_engine(struct load_aim *aim, const struct aim_options *options,
                       struct progress_line *progress, struct reason *reason)
{
    aim->engine = engine_variant(options->engine, options->engine_options);
    aim->seed = options->seed;
    aim->vms = options->vms ? options->vms : 1;
    if (aim->vms > TARGETS_MOST)
        return reason_set(reason, EINVAL, "requests are spread over %llu VMs at the most",
                          (unsigned long long)TARGETS_MOST);
    if (choose_image(&options->image, options->settings, &aim->own.image, reason) < 0)
        return -EINVAL;
    snprintf(aim->image_name, sizeof(aim->image_name), "%s",
             image_choice_name(&options->image, &aim->own.image));
    if (choose_requests(aim, options, reason) < 0)
        return -EINVAL;
    if (aim->engine->left_out)
        return reason_set(reason, EINVAL, "%s", aim->engine->left_out);
    if (!(aim->engine->capabilities & ENGINE_ASKS))
        return reason_set(reason, EINVAL, "the engine %s with these options carries no requests to its VMs",
                          aim->engine->name);
    if (aim->engine->probe(options->engine_options, reason) < 0)
        return -EINVAL;
    return load_population_grow(&aim->own, aim->engine, options->engine_options, aim->vms, options->seed,
                                progress, reason);
}

int load_aim_take(struct load_aim *aim, const struct aim_options *options, struct progress_line *progress,
                  struct reason *reason)
{
    *aim = (struct load_aim){0};
    if (options->engine)
        return take_engine(aim, options, progress, reason);
    if (options->path && options->path[0] != '/')
        return reason_set(reason, EINVAL, "--path takes a path such as /, not '%.100s'", options->path);
    return options->url ? take_url(aim, options, options->url, reason) : take_run(aim, *options, reason);
}

int load_aim_open_way(const struct load_aim *aim, unsigned number, struct load_way **ret_way,
                      struct reason *reason)
{
    if (aim->engine) {
        const struct load_engine_plan plan = {
            .population = aim->own.population,
            .seed = aim->seed + number,
            .path = aim->path,
            .expected = aim->expected,
        };

        return load_way_engine_open(&plan, ret_way, reason);
    }
    const struct load_http_plan plan = {
        .url = &aim->url,
        .expected = aim->expected,
        .connections = aim->connections,
        .kept = aim->kept,
    };

    return load_way_http_open(&plan, ret_way, reason);
}

void load_aim_describe(const struct load_aim *aim, char *ret_text, size_t room)
{
    char vms[NUMBER_ROOM];

    number_grouped(aim->vms, vms);
    if (aim->engine)
        snprintf(ret_text, room, "%s VM%s of the engine %s (class %c), %s, %s%s", vms,
                 aim->vms == 1 ? "" : "s", aim->engine->name, aim->engine->class_letter, aim->image_name,
                 aim->path ? "HTTP " : "challenges", aim->path ? aim->path : "");
    else if (aim->url.by_address || aim->url.by_path)
        snprintf(ret_text, room, "%s VM%s at %s", vms, aim->vms == 1 ? "" : "s", aim->url_text);
    else
        snprintf(ret_text, room, "%s", aim->url_text);
}

int load_aim_release(struct load_aim *aim)
{
    return load_population_release(&aim->own);
}
