/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The commands of the control protocol, and those that are answered at once. */
#include "door/server.h"

#include "base/clock.h"
#include "door/address.h"
#include "result/json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

json_t *door_counts_json(const struct engine_counts *counts)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I}", "started", (json_int_t)counts->started, "booting",
                     (json_int_t)counts->booting, "running", (json_int_t)counts->running, "failed",
                     (json_int_t)counts->failed, "stopped", (json_int_t)counts->died);
}

bool door_has_population(struct door *door, struct peer *peer)
{
    if (!door->population)
        peer_refuse(peer, false, "the VMs of the run %s are still being started",
                    door->setup.directory->name);
    return door->population;
}

uint64_t door_numbers(struct door *door)
{
    struct engine_counts counts;

    door->setup.engine->counts(door->population, &counts);
    return counts.numbers ? counts.numbers : counts.started;
}

bool door_was_started(struct door *door, uint64_t vm)
{
    const struct engine *engine = door->setup.engine;

    return engine->was_started ? engine->was_started(door->population, vm) : vm < door_numbers(door);
}

bool door_has_vm(struct door *door, struct peer *peer, uint64_t vm)
{
    uint64_t numbers = door_numbers(door);
    const char *run = door->setup.directory->name;

    if (door_was_started(door, vm))
        return true;
    if (numbers == 1)
        peer_refuse(peer, true, "there is no VM %llu: the run %s has VM 0 only", (unsigned long long)vm, run);
    else if (vm >= numbers)
        peer_refuse(peer, true, "there is no VM %llu: those of the run %s are 0 to %llu",
                    (unsigned long long)vm, run, (unsigned long long)(numbers ? numbers - 1 : 0));
    else
        peer_refuse(peer, true, "there is no VM %llu: growth ended before it was its turn",
                    (unsigned long long)vm);
    return false;
}

bool door_take_vm(struct door *door, struct peer *peer, const json_t *vm)
{
    if (!json_is_integer(vm) || json_integer_value(vm) < 0) {
        peer_refuse(peer, true, "\"vm\" is the number of a VM");
        return false;
    }
    return door_has_vm(door, peer, (uint64_t)json_integer_value(vm));
}

void door_explain(struct door *door, uint64_t vm, char *ret_text, size_t room)
{
    char why[REASON_ROOM / 2];

    door->setup.engine->explain(door->population, vm, why, sizeof(why));
    if (why[0])
        snprintf(ret_text, room, "VM %llu has ended (%s)", (unsigned long long)vm, why);
    else
        snprintf(ret_text, room, "VM %llu is %srunning", (unsigned long long)vm,
                 door->setup.engine->is_running(door->population, vm) ? "" : "not ");
}

static json_t *ends_json(const struct engine_ends *ends)
{
    json_t *list = json_array();

    for (size_t i = 0; i < ends->count; i++) {
        json_t *end = json_pack("{s:I}", "vms", (json_int_t)ends->list[i].vms);

        json_object_set_new(end, "why", result_json_text(ends->list[i].why));
        json_array_append_new(list, end);
    }
    return list;
}

/* What only the engine knows. */
static void add_engines_own(struct door *door, json_t *status)
{
    const struct engine *engine = door->setup.engine;
    struct result_counters counters = {0};
    struct engine_ends ends = {0};
    json_t *counted = json_object();
    uint64_t memory = 0;

    if (door->population) {
        memory = engine->memory(door->population);
        engine->ends(door->population, &ends);
        if (engine->account)
            engine->account(door->population, &counters);
    }
    for (size_t i = 0; i < counters.count; i++)
        json_object_set_new(counted, counters.items[i].name,
                            json_integer((json_int_t)counters.items[i].value));
    result_counters_release(&counters);
    json_object_set_new(status, "memory_bytes", memory ? json_integer((json_int_t)memory) : json_null());
    json_object_set_new(status, "ends", ends_json(&ends));
    json_object_set_new(status, "counted", counted);
}

void door_add_run(struct door *door, json_t *to)
{
    const struct door_setup *setup = &door->setup;

    json_object_set_new(to, "run", json_string(setup->directory->name));
    json_object_set_new(to, "version", json_string(MVM_VERSION));
    json_object_set_new(to, "pid", json_integer(getpid()));
    json_object_set_new(to, "engine", json_string(setup->engine->name));
    json_object_set_new(to, "class", json_stringn(&setup->engine->class_letter, 1));
    json_object_set_new(to, "image", result_json_text(setup->image_name));
    json_object_set_new(to, "state", json_string(door->population ? "running" : "starting"));
    json_object_set_new(to, "wanted", json_integer((json_int_t)setup->goal));
    json_object_set_new(to, "age_seconds", json_real(clock_unix_seconds() - setup->started_at));
    json_object_set_new(to, "stopped_by",
                        door->stopped_by ? json_string(stop_name(door->stopped_by)) : json_null());
    json_object_set_new(to, "stop_reason",
                        door->stopped_by ? result_json_text(door->stop_sentence) : json_null());
}

static void tell_status(struct door *door, struct peer *peer, json_t *arguments)
{
    const struct door_setup *setup = &door->setup;
    struct engine_counts counts = door->counts;
    json_t *status = json_pack("{s:b}", "ok", 1);

    (void)arguments;
    if (door->population)
        setup->engine->counts(door->population, &counts);
    door_add_run(door, status);
    json_object_set_new(status, "sha256", json_string(setup->image->sha256));
    json_object_set_new(status, "answers", json_boolean(setup->image->answers));
    json_object_set_new(status, "vms", door_counts_json(&counts));
    json_object_set_new(status, "last_failure", result_json_text_or_null(counts.last_failure));
    json_object_set_new(status, "started_at", json_real(setup->started_at));
    json_object_set_new(status, "doors", gate_json(door->gate));
    add_engines_own(door, status);
    peer_say(peer, status);
}

static void tell_vm(struct door *door, struct peer *peer, json_t *arguments)
{
    json_t *vm = json_object_get(arguments, "vm");
    char words[REASON_ROOM];

    if (!door_take_vm(door, peer, vm))
        return;
    uint64_t number = (uint64_t)json_integer_value(vm);
    bool running = door->setup.engine->is_running(door->population, number);

    door_explain(door, number, words, sizeof(words));
    json_t *answer = json_pack("{s:b, s:I, s:b}", "ok", 1, "vm", (json_int_t)number, "running", (int)running);

    json_object_set_new(answer, "words", result_json_text(words));
    peer_say(peer, answer);
}

/* A client that waits for the end holds its connection, which is closed when all is gone. */
static void wait_in_peace(struct door *door, struct peer *peer)
{
    (void)door;
    (void)peer;
}

static const struct activity waiting_for_the_end = {.end = wait_in_peace};

static void stop_run(struct door *door, struct peer *peer, json_t *arguments)
{
    (void)arguments;
    peer_say(peer, json_pack("{s:b}", "ok", 1));
    peer_set_activity(peer, &waiting_for_the_end, NULL);
    if (door->end == DOOR_OPEN)
        door->end = DOOR_STOPPED;
}

static const struct {
    const char *name;
    void (*execute)(struct door *door, struct peer *peer, json_t *arguments);
    bool needs_population;
} commands[] = {
    {"status", tell_status, false},      {"stop", stop_run, false},  {"ask", door_ask, true},
    {"challenge", door_challenge, true}, {"save", door_save, true},  {"trace", door_trace, true},
    {"console", door_console, true},     {"live", door_live, false}, {"vm", tell_vm, true},
};

void door_command(struct door *door, struct peer *peer, const char *line, size_t length)
{
    json_error_t error;
    json_t *object = json_loadb(line, length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
    const char *name = json_string_value(json_object_get(object, "do"));

    if (!object) {
        peer_refuse(peer, true, "that is no line of JSON: %.200s", error.text);
        return;
    }
    if (!name) {
        peer_refuse(peer, true, "that is no command: it needs a text \"do\"");
    } else {
        size_t i = 0, count = sizeof(commands) / sizeof(commands[0]);

        while (i < count && strcmp(commands[i].name, name) != 0)
            i++;
        if (i == count)
            peer_refuse(peer, true, "mvm %s knows no command '%.100s'", MVM_VERSION, name);
        else if (!commands[i].needs_population || door_has_population(door, peer))
            commands[i].execute(door, peer, object);
    }
    json_decref(object);
}
