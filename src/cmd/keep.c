/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/keep.h"

#include "base/clock.h"
#include "base/reason.h"
#include "cmd/cmd.h"
#include "cmd/detach.h"
#include "cmd/doors.h"
#include "cmd/progress.h"
#include "cmd/web.h"
#include "door/door.h"
#include "engine/mix.h"
#include "guest/challenge.h"
#include "result/json.h"
#include "study/guard.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct keep {
    const struct keep_plan *plan;
    struct detach detach;
    struct progress_line progress;
    struct runs runs;
    struct run_directory directory;
    char image_path[RUN_PATH_ROOM + 32], ready_line[READY_LINE_ROOM];
    struct engine_setup setup;
    struct door *door;
    struct web *web;
    struct gate_setup gate;
    struct population *population;
    struct guard_host host;
    struct guard guard;
    uint64_t began_ns;
    double seconds; /* that starting the VMs took */
    bool interrupted;
};

static void show_progress(void *context, const struct engine_counts *counts)
{
    struct keep *keep = context;
    uint64_t lost = counts->failed + counts->died;
    char failed[64] = "";

    if (lost > 0)
        snprintf(failed, sizeof(failed), ", %llu failed", (unsigned long long)lost);
    progress_text(&keep->progress, "%llu of %llu VMs are ready%s", (unsigned long long)counts->running,
                  (unsigned long long)keep->plan->goal, failed);
}

/* Watches growth: the guard looks at the host, the door at who wants something. */
static bool go_on(void *context, const struct engine_counts *counts)
{
    struct keep *keep = context;

    if (!door_poll(keep->door, counts)) {
        keep->interrupted = true;
        return false;
    }
    return guard_go_on(&keep->guard, counts);
}

static int prepare_guard(struct keep *keep, struct reason *reason)
{
    const struct host_share *share = &keep->plan->share;
    char wanted[SIZE_TEXT_ROOM], has[SIZE_TEXT_ROOM];
    int error = guard_open(&keep->guard, &keep->host, keep->plan->engine, share, reason);

    keep->guard.look = show_progress;
    keep->guard.look_context = keep;
    if (!error && share->memory_bytes > keep->host.limits.memory_total)
        return reason_set(reason, EINVAL, "--memory-limit is %s, but this host has %s",
                          size_text((double)share->memory_bytes, wanted),
                          size_text((double)keep->host.limits.memory_total, has));
    return error;
}

/* What the run is, for when it is no more. */
static int write_facts(struct keep *keep, double started_at, struct reason *reason)
{
    const struct keep_plan *plan = keep->plan;
    json_t *facts =
        json_pack("{s:i, s:s, s:i, s:s, s:s%, s:f, s:I}", "mvm-run", 1, "run", keep->directory.name, "pid",
                  (int)getpid(), "engine", plan->engine->name, "class", &plan->engine->class_letter,
                  (size_t)1, "started_at", started_at, "wanted", (json_int_t)plan->goal);
    char path[RUN_PATH_ROOM + 32], *text;
    int error;

    json_object_set_new(facts, "image", result_json_text(plan->image_name));
    text = facts ? json_dumps(facts, RESULT_JSON_FLAGS) : NULL;
    json_decref(facts);
    if (!text)
        return reason_set(reason, ENOMEM, "no memory for the run's description");
    snprintf(path, sizeof(path), "%s/%s", keep->directory.path, RUN_FACTS);
    error = file_replace(path, text, strlen(text), reason);
    free(text);
    return error;
}

/* The run's directory, the image in it, and the door. */
static int make_run(struct keep *keep, struct reason *reason)
{
    const struct keep_plan *plan = keep->plan;
    struct door_setup setup = {.directory = &keep->directory,
                               .engine = plan->engine,
                               .image = plan->image,
                               .image_name = plan->image_name,
                               .goal = plan->goal,
                               .started_at = clock_unix_seconds(),
                               .gate = keep->gate.place_count > 0 ? &keep->gate : NULL,
                               .before = &keep->host.baseline.reading};
    int error = runs_open(&keep->runs, true, reason);

    if (!error)
        error = run_create(&keep->runs, plan->name, plan->engine->name, &keep->directory, reason);
    if (!error)
        error = write_facts(keep, setup.started_at, reason);
    if (error)
        return error;
    snprintf(keep->image_path, sizeof(keep->image_path), "%s/%s.img", keep->directory.path,
             plan->image->ours ? plan->image->guest : "image");
    challenge_ready_line(plan->image->guest, keep->ready_line);
    bool announces = plan->image->answers && plan->engine->capabilities & ENGINE_ANNOUNCES;

    keep->setup = (struct engine_setup){.image = plan->image,
                                        .image_path = keep->image_path,
                                        .ready_line = announces ? keep->ready_line : NULL,
                                        .options = plan->engine_options,
                                        .seed = 1,
                                        .run_name = keep->directory.name};
    error = plan->mix ? mix_place(plan->mix, keep->directory.path, reason)
                      : file_replace(keep->image_path, plan->image->bytes, IMAGE_SIZE, reason);
    if (!error)
        error = door_open(&setup, &keep->door, reason);
    /* After it, whose client it is, and which has blocked the signals that are not for it. */
    if (!error)
        error = web_begin(plan->web, &keep->directory, &keep->web, reason);
    if (!error && !plan->json)
        web_print(plan->web, keep->web);
    return error;
}

/* Growth may have ended with VMs still booting: they become ready or fail. */
static void wait_for_booting(struct keep *keep)
{
    const struct engine *engine = keep->plan->engine;
    struct engine_counts counts;

    for (;;) {
        engine->counts(keep->population, &counts);
        show_progress(keep, &counts);
        if (counts.booting == 0)
            return;
        if (!door_poll(keep->door, &counts)) {
            keep->interrupted = true;
            return;
        }
        engine->wait(keep->population, clock_now_ns() + 20 * NS_PER_MILLISECOND);
    }
}

static int grow(struct keep *keep, struct reason *reason)
{
    const struct engine_watch watch = {.go_on = go_on, .context = keep};
    const struct engine *engine = keep->plan->engine;
    int error = keep->plan->saved
                    ? engine->restore(&keep->setup, keep->plan->saved, &keep->population, reason)
                    : engine->open(&keep->setup, &keep->population, reason);

    if (error || keep->plan->saved)
        return error;
    error = engine->grow(keep->population, keep->plan->goal, &watch, reason);
    if (keep->interrupted)
        return 0;
    if (error && error != -ECANCELED) {
        keep->guard.stop = guard_stop_of_error(error);
        snprintf(keep->guard.why, sizeof(keep->guard.why), "%s", reason->text);
    }
    if (keep->guard.stop)
        door_note_stop(keep->door, keep->guard.stop, keep->guard.why);
    wait_for_booting(keep);
    return 0;
}

static void print_json(const struct keep *keep, const struct engine_counts *counts)
{
    const struct keep_plan *plan = keep->plan;
    char path[RUN_PATH_ROOM + 32];
    json_t *line = json_pack("{s:s, s:i, s:s, s:s%, s:I}", "run", keep->directory.name, "pid", (int)getpid(),
                             "engine", plan->engine->name, "class", &plan->engine->class_letter, (size_t)1,
                             "wanted", (json_int_t)plan->goal);

    snprintf(path, sizeof(path), "%s/%s", keep->directory.path, RUN_CONTROL);
    json_object_set_new(line, "image", result_json_text(plan->image_name));
    json_object_set_new(line, "socket", result_json_text(path));
    json_object_set_new(line, "vms",
                        json_pack("{s:I, s:I, s:I, s:I}", "started", (json_int_t)counts->started, "running",
                                  (json_int_t)counts->running, "failed", (json_int_t)counts->failed,
                                  "stopped", (json_int_t)counts->died));
    json_object_set_new(line, "doors", gate_json(door_gate(keep->door)));
    json_object_set_new(line, "web", web_json(keep->plan->web, keep->web));
    json_object_set_new(line, "seconds", json_real(keep->seconds));
    json_object_set_new(line, "stopped_by",
                        keep->guard.stop ? json_string(stop_name(keep->guard.stop)) : json_null());
    json_object_set_new(line, "stop_reason",
                        keep->guard.stop ? result_json_text(keep->guard.why) : json_null());
    json_object_set_new(line, "last_failure", result_json_text_or_null(counts->last_failure));
    json_dumpf(line, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15));
    putchar('\n');
    fflush(stdout);
    json_decref(line);
}

static void print_step(const char *name, const char *command, const char *more, const char *what)
{
    char line[128];

    snprintf(line, sizeof(line), "mvm %s --run %s%s", command, name, more);
    printf("  %-40s %s\n", line, what);
}

static void print_next_steps(const struct keep *keep)
{
    const char *name = keep->directory.name;
    unsigned can = keep->plan->engine->capabilities;

    if (can & ENGINE_ASKS && keep->plan->image->answers)
        print_step(name, "ask", " 0 --challenge", "is VM 0 alive?");
    if (can & ENGINE_CONSOLES)
        print_step(name, "console", " 0", "the serial port of VM 0");
    print_step(name, "stop", "", keep->detach.report < 0 ? "ends it; so does Ctrl-C" : "ends it");
}

static void print_text(const struct keep *keep, const struct engine_counts *counts)
{
    const struct keep_plan *plan = keep->plan;

    printf("run %s: %llu of %llu VMs are ready", keep->directory.name, (unsigned long long)counts->running,
           (unsigned long long)plan->goal);
    if (counts->failed > 0)
        printf(", %llu failed", (unsigned long long)counts->failed);
    if (counts->died > 0)
        printf(", %llu ended", (unsigned long long)counts->died);
    printf(" (engine %s, class %c, %s; %.1f s)\n", plan->engine->name, plan->engine->class_letter,
           plan->image_name, keep->seconds);
    if (counts->last_failure[0])
        printf("the last that failed: %s\n", counts->last_failure);
    if (keep->guard.stop)
        printf("no more VMs were started: %s\n", keep->guard.why);
    if (counts->running > 0 && !(plan->strict && counts->running < plan->goal)) {
        print_next_steps(keep);
        doors_print(door_gate(keep->door), &keep->gate, counts->numbers ? counts->numbers : counts->started);
    }
    fflush(stdout);
}

/* Says how starting went. Returns the exit status. */
static int report(struct keep *keep)
{
    struct engine_counts counts;

    keep->plan->engine->counts(keep->population, &counts);
    keep->seconds = (double)(clock_now_ns() - keep->began_ns) / (double)NS_PER_SECOND;
    progress_end(&keep->progress);
    if (keep->plan->json)
        print_json(keep, &counts);
    else
        print_text(keep, &counts);
    /* Of those that were saved some may have stopped long ago. */
    uint64_t here = keep->plan->saved ? counts.started : counts.running;

    return here == keep->plan->goal ? EXIT_DONE : EXIT_FAILED;
}

static bool is_worth_keeping(const struct keep *keep, int status)
{
    struct engine_counts counts;

    keep->plan->engine->counts(keep->population, &counts);
    return counts.running > 0 && !(keep->plan->strict && status != EXIT_DONE);
}

/* VMs that the engine could not end: said here, and to whom asks for the run, which nobody may hear here. */
static void note_left(struct keep *keep, const char *sentence)
{
    char path[RUN_PATH_ROOM + 8];

    fprintf(stderr, "mvm %s: %s\n", keep->plan->command, sentence);
    snprintf(path, sizeof(path), "%s/%s", keep->directory.path, RUN_LEFT);
    file_replace(path, sentence, strlen(sentence), NULL);
}

/* Returns whether nothing is left. */
static bool release(struct keep *keep)
{
    struct reason reason = {""};
    bool gone = true;

    progress_end(&keep->progress);
    web_stop(keep->web);
    if (keep->door)
        door_say_goodbye(keep->door);
    if (keep->population)
        gone = engine_end(keep->population, &reason) == 0;
    if (!gone) {
        note_left(keep, reason.text);
        run_forget(&keep->directory);
    } else if (keep->directory.fd >= 0) {
        run_remove(&keep->runs, &keep->directory);
    }
    /* Only now, since who asked for the end takes the closed connection for it. */
    door_close(keep->door);
    runs_close(&keep->runs);
    sampler_close(keep->host.sampler);
    return gone;
}

static int live(struct keep *keep)
{
    struct reason reason = {""};
    int error = prepare_guard(keep, &reason);

    if (!error)
        error = make_run(keep, &reason);
    if (error) {
        fprintf(stderr, "mvm %s: %s\n", keep->plan->command, reason.text);
        return error == -EINVAL || error == -EEXIST ? EXIT_USAGE : EXIT_FAILED;
    }
    keep->began_ns = clock_now_ns();
    error = grow(keep, &reason);
    if (error) {
        progress_end(&keep->progress);
        fprintf(stderr, "mvm %s: %s\n", keep->plan->command, reason.text);
        return error == -EBADMSG ? EXIT_USAGE : EXIT_FAILED; /* a saved file that is no good */
    }
    if (keep->interrupted) {
        progress_end(&keep->progress);
        fprintf(stderr, "mvm %s: interrupted before all VMs were ready\n", keep->plan->command);
        return EXIT_FAILED;
    }
    error = door_let_in(keep->door, keep->population, &reason);
    if (error) {
        progress_end(&keep->progress);
        fprintf(stderr, "mvm %s: %s\n", keep->plan->command, reason.text);
        return EXIT_FAILED;
    }
    int status = report(keep);

    if (!is_worth_keeping(keep, status))
        return EXIT_FAILED;
    bool foreground = keep->detach.report < 0;

    detach_report(&keep->detach, status);
    enum door_end end = door_serve(keep->door, keep->population);

    if (foreground && !keep->plan->json && !keep->plan->quiet)
        fprintf(stderr, "the run %s %s; its VMs are being ended\n", keep->directory.name,
                end == DOOR_STOPPED ? "was stopped" : "was interrupted");
    return status;
}

int keep_population(const struct keep_plan *plan)
{
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct keep *keep = calloc(1, sizeof(*keep));
    int status = -1;

    if (!keep) {
        fprintf(stderr, "mvm %s: no memory for a run\n", plan->command);
        return EXIT_FAILED;
    }
    *keep =
        (struct keep){.plan = plan, .detach.report = -1, .runs.fd = -1, .directory = {.fd = -1, .lock = -1}};
    if (plan->gate)
        keep->gate = *plan->gate;
    keep->gate.engine = plan->engine;
    keep->gate.challenges = plan->image->answers;
    sigaction(SIGPIPE, &ignore, NULL);
    if (plan->detach)
        status = detach_begin(&keep->detach);
    if (status < 0) {
        door_hold_signals();
        progress_begin(&keep->progress, plan->quiet);
        status = live(keep);
        if (!release(keep))
            status = EXIT_FAILED;
        detach_report(&keep->detach, status);
    }
    free(keep);
    return status;
}
