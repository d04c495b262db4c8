/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What stands before the first VM: the run directory, the image in it, what is known of host and engine, the
 * guard. */
#include "study/scale_run.h"

#include "base/clock.h"
#include "base/file.h"
#include "engine/mix.h"
#include "guest/challenge.h"
#include "host/survive.h"
#include "node/node_address.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void progress_look(void *context, const struct engine_counts *counts)
{
    (void)counts;
    run_progress(context);
}

bool run_can_prove(const struct run *run)
{
    return run->plan->image->answers && (run->plan->engine->capabilities & ENGINE_ASKS);
}

bool run_counts_own(const struct run *run)
{
    return !(run->plan->engine->capabilities & ENGINE_HAS_PROCESSES);
}

/* Lays the image into the run directory, from which VMs boot it, so that the directory has what was run. */
static int place_image(struct run *run, struct reason *reason)
{
    const char *name = run->plan->image->ours ? run->plan->image->guest : "image";
    char path[4000];

    snprintf(run->result->image.file, sizeof(run->result->image.file), "%s.img", name);
    if ((size_t)snprintf(path, sizeof(path), "%s/%s", run->plan->directory, run->result->image.file) >=
        sizeof(path))
        return reason_set(reason, ENAMETOOLONG, "the name of the run directory is too long");
    int error = file_replace(path, run->plan->image->bytes, IMAGE_SIZE, reason);

    if (error)
        return error;
    char *absolute = realpath(path, NULL);

    if (!absolute || strlen(absolute) >= sizeof(run->image_path)) {
        free(absolute);
        return reason_set(reason, ENAMETOOLONG, "the path of the run directory is too long");
    }
    memcpy(run->image_path, absolute, strlen(absolute) + 1);
    free(absolute);
    return 0;
}

/* The images of a mix, which its engine places for itself. */
static int place_images(struct run *run, struct reason *reason)
{
    const struct guest_mix *guests = mix_guests(run->plan->mix);
    int error = mix_place(run->plan->mix, run->plan->directory, reason);

    run->result->image.mixed = true;
    for (size_t i = 0; !error && i < guests->count; i++) {
        struct result_part *part = result_add_part(run->result);

        if (!part)
            return reason_set(reason, ENOMEM, "no memory for the guests of a mix");
        snprintf(part->guest, sizeof(part->guest), "%s", guests->parts[i].spec);
        snprintf(part->file, sizeof(part->file), "%s", mix_file(run->plan->mix, i));
        part->share = (double)guests->parts[i].share / GUEST_MIX_UNITS;
        memcpy(part->sha256, guests->parts[i].image.sha256, sizeof(part->sha256));
    }
    return error;
}

static void fill_result(struct run *run)
{
    const struct scale_plan *plan = run->plan;
    struct result *result = run->result;

    snprintf(result->tool_version, sizeof(result->tool_version), "%s", MVM_VERSION);
    snprintf(result->command_line, sizeof(result->command_line), "%s", plan->command_line);
    snprintf(result->method, sizeof(result->method), "%s", run->method);
    snprintf(result->engine.name, sizeof(result->engine.name), "%s", plan->engine->name);
    result->engine.class_letter[0] = plan->engine->class_letter;
    snprintf(result->image.name, sizeof(result->image.name), "%s", plan->image_name);
    if (plan->mix)
        guest_mix_sha256(mix_guests(plan->mix), result->image.sha256);
    else
        memcpy(result->image.sha256, plan->image->sha256, sizeof(result->image.sha256));
    result->image.ours = plan->image->ours;
    result->population.provable = run_can_prove(run);
    result->started_at = clock_unix_seconds();
    result->seed = plan->seed;
    result->plan.threshold_percent = plan->threshold_percent;
    result->plan.memory_limit_bytes = plan->share.memory_bytes;
    result->plan.cpu_limit = plan->share.cpus;
    result->plan.network_capacity_bits = plan->share.network_bits;
    result->plan.disk_capacity_bytes = plan->share.disk_bytes;
    result->plan.disk_capacity_operations = plan->share.disk_operations;
    result->plan.max_vms = plan->max_vms;
    result->plan.load_known = plan->load.rate > 0;
    result->plan.load.rate = plan->load.rate;
    result->plan.load.timeout = (double)plan->load.timeout_ns / (double)NS_PER_SECOND;
    result->plan.load.latency_limit = (double)plan->load.p99_ns / (double)NS_PER_SECOND;
    snprintf(result->plan.load.targets, sizeof(result->plan.load.targets), "%s",
             target_names[plan->load.targets]);
    snprintf(result->plan.load.path, sizeof(result->plan.load.path), "%s",
             plan->load.path ? plan->load.path : "");
    result->plan.intervals_wanted = plan->intervals;
    result->plan.samples = plan->samples;
    result->plan.sample_seconds = (double)plan->sample_ns / (double)NS_PER_SECOND;
    host_fingerprint(&result->host, "");
}

static void set_guard(struct run *run)
{
    run->guard = (struct guard){
        .sampler = run->sampler,
        .limits = &run->result->limits,
        .baseline = &run->baseline,
        .share = &run->plan->share,
        .memory_floor_bytes = host_memory_floor(&run->result->limits),
        .interrupted = run->hooks->interrupted,
        .interrupted_context = run->hooks->context,
        .look = progress_look,
        .look_context = run,
    };
    run->watch = (struct engine_watch){.go_on = guard_go_on, .context = &run->guard};
    run->result->harness.memory_floor_bytes = run->guard.memory_floor_bytes;
    host_protect_self(&run->result->harness.oom_score_adj, NULL);
}

/* Whether the engine carries the load to VMs that answer it. */
static int check_load(const struct scale_plan *plan, struct reason *reason)
{
    if (plan->load.rate <= 0)
        return 0;
    if (!(plan->engine->capabilities & ENGINE_ASKS))
        return reason_set(reason, ENOTSUP,
                          "--load needs a serial port to each VM, which the engine %s does not carry",
                          plan->engine->name);
    if (!plan->image->answers)
        return reason_set(reason, EINVAL, "--load asks VMs for answers, and the image %s promises none",
                          plan->image_name);
    if (plan->load.path && (plan->mix || strcmp(plan->image->guest, "web") != 0))
        return reason_set(reason, EINVAL, "--load-path is for the guest web alone, which speaks HTTP");
    if (plan->load.path && !(plan->engine->capabilities & ENGINE_ASKS_WHOLE))
        return reason_set(reason, ENOTSUP,
                          "the engine %s does not carry HTTP; without --load-path VMs are challenged",
                          plan->engine->name);
    return 0;
}

static int check_nodes(const struct scale_plan *plan, struct reason *reason)
{
    if (plan->node_word_count > 0 && !plan->engine->hosts)
        return reason_set(
            reason, EINVAL,
            "--node-metrics is for engines whose VMs are on other hosts; the engine %s has them on "
            "this one, which is read in any case",
            plan->engine->name);
    return node_words_check(plan->node_words, plan->node_word_count, reason);
}

int scale_plan_check(const struct scale_plan *plan, const struct host_limits *limits, struct reason *reason)
{
    char wanted[SIZE_TEXT_ROOM], has[SIZE_TEXT_ROOM];
    int error = check_load(plan, reason);

    if (!error)
        error = check_nodes(plan, reason);
    if (error)
        return error;
    if (plan->max_vms == 0 && !(plan->engine->capabilities & ENGINE_BOOTS_IMAGES))
        return reason_set(reason, EINVAL,
                          "the engine %s takes nothing of the host, so no resource ends the run; say where "
                          "to end with --max",
                          plan->engine->name);
    if (plan->share.memory_bytes > limits->memory_total)
        return reason_set(reason, EINVAL, "--memory-limit is %s, but this host has %s",
                          size_text((double)plan->share.memory_bytes, wanted),
                          size_text((double)limits->memory_total, has));
    if (plan->share.cpus > limits->cpus)
        return reason_set(reason, EINVAL, "--cpu-limit is %g CPUs, but this host has %u", plan->share.cpus,
                          limits->cpus);
    return 0;
}

void run_name_after(const char *directory, char ret_name[ENGINE_RUN_NAME_ROOM])
{
    char *path = realpath(directory, NULL);
    const char *slash = path ? strrchr(path, '/') : NULL;
    size_t length = 0;

    for (const char *from = slash ? slash + 1 : ""; *from && length + 1 < ENGINE_RUN_NAME_ROOM; from++) {
        bool fits = isalnum((unsigned char)*from) || (length > 0 && strchr("-_.", *from));

        ret_name[length] = fits ? *from : length > 0 ? '-' : 'x';
        length++;
    }
    ret_name[length] = '\0';
    free(path);
}

int run_prepare(struct run *run, struct reason *reason)
{
    const struct scale_plan *plan = run->plan;
    uint64_t files;
    int error = host_limits_read(&run->result->limits, "", reason);

    if (!error)
        error = scale_plan_check(plan, &run->result->limits, reason);
    if (!error)
        error = directory_make(plan->directory, reason);
    if (!error)
        error = sampler_open(&run->sampler, "", reason);
    if (!error)
        error = plan->mix ? place_images(run, reason) : place_image(run, reason);
    if (error)
        return error;
    host_raise_file_limit(UINT64_MAX, &files, NULL); /* as far as it goes */
    run->result->limits.own_files = files;
    fill_result(run);
    /* VMs that live in this process take their mappings from its limit, and its memory and CPU are theirs. */
    sampler_watch_own(run->sampler, run_counts_own(run));
    run->vmalloc_holds_stacks = host_vmalloc_holds_stacks("");
    set_guard(run);
    challenge_ready_line(plan->image->guest, run->ready_line);
    run_name_after(plan->directory, run->name);
    run->setup = (struct engine_setup){
        .image = plan->image,
        .image_path = run->image_path,
        .ready_line =
            plan->image->answers && (plan->engine->capabilities & ENGINE_ANNOUNCES) ? run->ready_line : NULL,
        .options = plan->engine_options,
        .seed = plan->seed,
        .run_name = run->name[0] ? run->name : NULL,
    };
    run->random = (struct random){.state = plan->seed};
    error = samples_open(&run->samples_file, plan->directory, reason);
    /* From here on there is a result file, whatever happens. */
    if (!error)
        error = result_write(run->result, plan->directory, reason);
    if (!error)
        error = plan->engine->describe(&run->setup, run->result, reason);
    return error;
}
