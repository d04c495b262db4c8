/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/web.h"

#include "base/reason.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FIELD(name) offsetof(struct web_options, name)

static const struct option_spec web_specs[] = {
    {"web", OPTION_TEXT, "ADDRESS:PORT", "a page there shows the run live, its VMs and their consoles",
     FIELD(page), .fallback = NULL},
    {"metrics", OPTION_TEXT, "ADDRESS:PORT", "metrics for Prometheus are at /metrics there", FIELD(metrics),
     .fallback = NULL},
    {"web-token", OPTION_TEXT, "FILE",
     "the token that --web and --metrics ask for, in a file of your own (default: none on loopback, else one "
     "is "
     "made and printed)",
     FIELD(token_file), .fallback = NULL},
};

const struct option_set web_option_set = {.title = "The run's own page and metrics",
                                          .specs = web_specs,
                                          .count = sizeof(web_specs) / sizeof(web_specs[0])};

static int take_token(const struct web_options *options, struct web_plan *plan, struct reason *reason)
{
    bool loopback = (!plan->has_page || place_is_loopback(&plan->page)) &&
                    (!plan->has_metrics || place_is_loopback(&plan->metrics));

    if (options->token_file)
        return token_read(options->token_file, plan->token, reason);
    plan->token_made = !loopback;
    return loopback ? 0 : token_make(plan->token, reason);
}

int web_setup(const struct web_options *options, struct web_plan *ret_plan, struct reason *reason)
{
    struct web_plan plan = {.has_page = options->page, .has_metrics = options->metrics};
    int error = 0;

    if (!plan.has_page && !plan.has_metrics && options->token_file)
        return reason_set(reason, EINVAL, "--web-token goes with --web or --metrics");
    if (plan.has_page)
        error = web_parse_place("web", options->page, &plan.page, reason);
    if (!error && plan.has_metrics)
        error = web_parse_place("metrics", options->metrics, &plan.metrics, reason);
    if (!error && (plan.has_page || plan.has_metrics))
        error = take_token(options, &plan, reason);
    if (!error)
        *ret_plan = plan;
    return error;
}

int web_begin(const struct web_plan *plan, const struct run_directory *directory, struct web **ret_web,
              struct reason *reason)
{
    const struct web_setup setup = {.directory = directory,
                                    .page = plan->has_page ? &plan->page : NULL,
                                    .metrics = plan->has_metrics ? &plan->metrics : NULL,
                                    .token = plan->token[0] ? plan->token : NULL};

    *ret_web = NULL;
    return plan->has_page || plan->has_metrics ? web_start(&setup, ret_web, reason) : 0;
}

/* Where a client finds it: all addresses of this host are best told by its name. */
static void print_at(const struct place *place, char ret_text[PLACE_TEXT_ROOM])
{
    static const uint8_t all[sizeof(place->first)];
    char name[PLACE_TEXT_ROOM - 8];

    if (memcmp(place->first, all, sizeof(all)) == 0 && gethostname(name, sizeof(name)) == 0) {
        name[sizeof(name) - 1] = '\0';
        snprintf(ret_text, PLACE_TEXT_ROOM, "%s:%u", name, place->port);
    } else {
        place_print(place, ret_text);
    }
}

void web_print(const struct web_plan *plan, const struct web *web)
{
    const struct place *page = web_page(web), *metrics = web_metrics(web);
    char at[PLACE_TEXT_ROOM];

    /* What stands behind # stays with the browser: it is in no request, and so in no log. */
    if (page) {
        print_at(page, at);
        printf("the run's page: http://%s/%s%s\n", at, plan->token_made ? "#token=" : "",
               plan->token_made ? plan->token : "");
    }
    if (metrics) {
        print_at(metrics, at);
        printf("the run's metrics: http://%s/metrics\n", at);
    }
    if (plan->token_made)
        printf("  asked for with: Authorization: Bearer %s\n", plan->token);
    fflush(stdout);
}

static void add_url(json_t *object, const char *name, const struct place *place, const char *path)
{
    char at[PLACE_TEXT_ROOM], url[PLACE_TEXT_ROOM + 32];

    if (!place) {
        json_object_set_new(object, name, json_null());
        return;
    }
    print_at(place, at);
    snprintf(url, sizeof(url), "http://%s%s", at, path);
    json_object_set_new(object, name, json_string(url));
}

json_t *web_json(const struct web_plan *plan, const struct web *web)
{
    json_t *object;

    if (!web)
        return json_null();
    object = json_object();
    add_url(object, "page", web_page(web), "/");
    add_url(object, "metrics", web_metrics(web), "/metrics");
    json_object_set_new(object, "token", plan->token_made ? json_string(plan->token) : json_null());
    return object;
}
