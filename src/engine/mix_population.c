/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The populations of a mix, one a guest, as one. */
#include "engine/mix_population.h"

#include "base/clock.h"
#include "base/reason.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* Growth goes round the guests in this many rounds, so that what breaks it off finds the shares nearly kept;
 * a round has some VMs, so that they boot side by side. */
enum { GROW_ROUNDS = 8, GROW_ROUND_LEAST = 256 };

/* The deadlines of asks are the inner populations' own, and no event of theirs. */
#define LOOK_NS (10 * NS_PER_MILLISECOND)

struct mix_population {
    struct population population;
    const struct mix *mix;
    size_t count; /* populations that are open */
    struct population *inner[GUEST_MIX_PARTS];
    struct engine_setup setups[GUEST_MIX_PARTS];
    size_t turn; /* which is reaped first */
    int epoll;   /* of their descriptors */
};

static struct mix_population *of(struct population *population)
{
    return (struct mix_population *)population;
}

/* The population that VM `vm` is in, and its number there. */
static struct population *find(struct population *population, uint64_t vm, uint64_t *ret_inner)
{
    return of(population)->inner[deal_part(&of(population)->mix->deal, vm, ret_inner)];
}

void mix_setup(const struct mix *mix, const struct engine_setup *setup, size_t part,
               struct engine_setup *ret_setup)
{
    *ret_setup = *setup;
    ret_setup->image = &mix->guests->parts[part].image;
    ret_setup->image_path = mix->paths[part];
    ret_setup->ready_line = setup->ready_line ? mix->ready_lines[part] : NULL;
    ret_setup->options = mix->options;
    ret_setup->seed = setup->seed + part;
    ret_setup->one_of_several = true;
}

static void mix_close(struct population *population)
{
    struct mix_population *mix = of(population);

    if (!mix)
        return;
    for (size_t i = 0; i < mix->count; i++)
        mix->mix->inner->close(mix->inner[i]);
    if (mix->epoll >= 0)
        close(mix->epoll);
    free(mix);
}

/* The first of them that cannot tells why; the others are cleared all the same. */
static int mix_clear(struct population *population, struct reason *reason)
{
    struct mix_population *mix = of(population);
    int error = 0;

    for (size_t i = 0; i < mix->count; i++) {
        int one = mix->mix->inner->clear(mix->inner[i], error ? NULL : reason);

        error = error ? error : one;
    }
    return error;
}

static int watch(struct mix_population *mix, size_t part, struct reason *reason)
{
    int fd = mix->mix->inner->descriptor(mix->inner[part]);
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = part};

    if (fd >= 0 && epoll_ctl(mix->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        fd = -errno;
    return fd < 0 ? reason_errno(reason, -fd, "cannot watch the VMs of a guest") : 0;
}

static int mix_open(const struct engine_setup *setup, struct population **ret_population,
                    struct reason *reason)
{
    const struct mix *made = setup->options;
    struct mix_population *mix = calloc(1, sizeof(*mix));
    int error = 0;

    if (!mix)
        return reason_set(reason, ENOMEM, "no memory for a population");
    mix->population.engine = &made->engine;
    mix->mix = made;
    mix->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (mix->epoll < 0)
        error = reason_errno(reason, errno, "cannot watch the VMs of several guests");
    for (size_t i = 0; !error && i < made->guests->count; i++) {
        mix_setup(made, setup, i, &mix->setups[i]);
        error = made->inner->open(&mix->setups[i], &mix->inner[i], reason);
        mix->count += !error;
        if (!error)
            error = watch(mix, i, reason);
    }
    if (error) {
        mix_close(&mix->population);
        return error;
    }
    *ret_population = &mix->population;
    return 0;
}

/* Numbers below this have been used, or lie in gaps. */
static uint64_t numbers_of(const struct mix_population *mix, size_t part)
{
    struct engine_counts counts;

    mix->mix->inner->counts(mix->inner[part], &counts);
    return counts.numbers ? counts.numbers : counts.started;
}

static void mix_counts(struct population *population, struct engine_counts *ret_counts)
{
    struct mix_population *mix = of(population);
    struct engine_counts sum = {.last_failure = ""};

    for (size_t i = 0; i < mix->count; i++) {
        struct engine_counts counts;

        mix->mix->inner->counts(mix->inner[i], &counts);
        uint64_t used = counts.numbers ? counts.numbers : counts.started;
        uint64_t last = used ? deal_number(&mix->mix->deal, i, used - 1) + 1 : 0;

        sum.started += counts.started;
        sum.booting += counts.booting;
        sum.running += counts.running;
        sum.failed += counts.failed;
        sum.died += counts.died;
        if (last > sum.numbers)
            sum.numbers = last;
        if (counts.last_failure[0])
            sum.last_failure = counts.last_failure;
    }
    *ret_counts = sum;
}

/* The counts that a watch is shown are those of all guests. */
struct watching {
    struct population *population;
    const struct engine_watch *watch;
};

static bool go_on(void *context, const struct engine_counts *part)
{
    struct watching *watching = context;
    struct engine_counts counts;

    (void)part;
    mix_counts(watching->population, &counts);
    return watching->watch->go_on(watching->watch->context, &counts);
}

/* Until `goal` numbers are used, or each guest has what is its own of them: more where growth was broken off.
 */
static int grow_to(struct mix_population *mix, uint64_t goal, uint64_t most, const struct engine_watch *watch,
                   struct reason *reason)
{
    for (size_t i = 0; i < mix->count; i++) {
        uint64_t wanted = deal_count(&mix->mix->deal, i, goal), used = numbers_of(mix, i);
        uint64_t missing = wanted > used ? wanted - used : 0;

        if (missing > most)
            missing = most;
        most -= missing;
        int error = missing ? mix->mix->inner->grow(mix->inner[i], missing, watch, reason) : 0;

        if (error)
            return error;
    }
    return 0;
}

static int mix_grow(struct population *population, uint64_t count, const struct engine_watch *watch,
                    struct reason *reason)
{
    struct mix_population *mix = of(population);
    struct watching watching = {.population = population, .watch = watch};
    const struct engine_watch inner = {.go_on = go_on, .context = &watching};
    uint64_t used = 0, round = count / GROW_ROUNDS;

    for (size_t i = 0; i < mix->count; i++)
        used += numbers_of(mix, i);
    if (round < GROW_ROUND_LEAST)
        round = GROW_ROUND_LEAST;
    for (uint64_t grown = 0; grown < count;) {
        uint64_t step = count - grown < round ? count - grown : round;

        grown += step;
        int error = grow_to(mix, used + grown, step, watch ? &inner : NULL, reason);

        if (error)
            return error;
    }
    return 0;
}

static bool mix_was_started(struct population *population, uint64_t vm)
{
    uint64_t number;
    struct population *inner = find(population, vm, &number);
    struct engine_counts counts;

    if (inner->engine->was_started)
        return inner->engine->was_started(inner, number);
    inner->engine->counts(inner, &counts);
    return number < counts.started;
}

static bool mix_is_running(struct population *population, uint64_t vm)
{
    uint64_t number;
    struct population *inner = find(population, vm, &number);

    return inner->engine->is_running(inner, number);
}

static size_t mix_take_boot_times(struct population *population, double *ret_seconds, size_t room)
{
    struct mix_population *mix = of(population);
    size_t taken = 0;

    for (size_t i = 0; i < mix->count && taken < room; i++)
        taken += mix->mix->inner->take_boot_times(mix->inner[i], ret_seconds + taken, room - taken);
    return taken;
}

static double counted(const struct result_counters *counters, const char *name)
{
    for (size_t i = 0; i < counters->count; i++)
        if (strcmp(counters->items[i].name, name) == 0)
            return counters->items[i].value;
    return 0;
}

static int mix_account(struct population *population, struct result_counters *counters)
{
    struct mix_population *mix = of(population);
    struct result_counters sum = {0};
    int error = 0;

    for (size_t i = 0; !error && i < mix->count; i++) {
        struct result_counters part = {0};

        error = mix->mix->inner->account(mix->inner[i], &part);
        for (size_t j = 0; !error && j < part.count; j++)
            error = result_counter_set(&sum, part.items[j].name,
                                       part.items[j].value + counted(&sum, part.items[j].name));
        result_counters_release(&part);
    }
    for (size_t i = 0; !error && i < sum.count; i++)
        error = result_counter_set(counters, sum.items[i].name, sum.items[i].value);
    result_counters_release(&sum);
    return error;
}

/* Adds the VMs that another population has on the same hosts, and hosts that are new. */
static int merge_hosts(struct engine_host **hosts, size_t *count, const struct engine_host *more,
                       size_t more_count)
{
    struct engine_host *grown = reallocarray(*hosts, *count + more_count, sizeof(*grown));

    if (!grown)
        return *count + more_count ? -ENOMEM : 0;
    *hosts = grown;
    for (size_t i = 0; i < more_count; i++) {
        size_t at = 0;

        while (at < *count && strcmp(grown[at].name, more[i].name) != 0)
            at++;
        if (at < *count)
            grown[at].vms += more[i].vms;
        else
            grown[(*count)++] = more[i];
    }
    return 0;
}

static int mix_hosts(struct population *population, const struct engine_watch *watch,
                     struct engine_host **ret_hosts, size_t *ret_count, struct reason *reason)
{
    struct mix_population *mix = of(population);
    struct engine_host *hosts = NULL;
    size_t count = 0;
    int error = 0;

    for (size_t i = 0; !error && i < mix->count; i++) {
        struct engine_host *more = NULL;
        size_t more_count = 0;

        error = mix->mix->inner->hosts(mix->inner[i], watch, &more, &more_count, reason);
        if (!error && merge_hosts(&hosts, &count, more, more_count) < 0)
            error = reason_set(reason, ENOMEM, "no memory for a list of hosts");
        free(more);
    }
    if (error) {
        free(hosts);
        return error;
    }
    *ret_hosts = hosts;
    *ret_count = count;
    return 0;
}

/* While an ask is under way its number is that of the inner population. */
static void mix_submit(struct population *population, struct engine_ask *const *asks, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct population *inner = find(population, asks[i]->vm, &asks[i]->vm);

        inner->engine->submit(inner, &asks[i], 1);
    }
}

static size_t reap_now(struct mix_population *mix, struct engine_ask **ret_asks, size_t room)
{
    size_t got = 0;

    for (size_t turn = 0; turn < mix->count && got < room; turn++) {
        size_t part = (mix->turn + turn) % mix->count;
        size_t count = mix->mix->inner->reap(mix->inner[part], ret_asks + got, room - got, 0);

        for (size_t i = 0; i < count; i++)
            ret_asks[got + i]->vm = deal_number(&mix->mix->deal, part, ret_asks[got + i]->vm);
        got += count;
    }
    mix->turn = (mix->turn + 1) % mix->count;
    return got;
}

/* Waits until one of the populations has something to tell, and lets it take notice. */
static void wait_for_any(struct mix_population *mix, uint64_t until_ns)
{
    struct epoll_event events[GUEST_MIX_PARTS];
    int count = epoll_wait(mix->epoll, events, GUEST_MIX_PARTS, clock_poll_timeout_ms(until_ns));

    for (int i = 0; i < count; i++)
        mix->mix->inner->wait(mix->inner[events[i].data.u64], 0);
}

static size_t mix_reap(struct population *population, struct engine_ask **ret_asks, size_t room,
                       uint64_t until_ns)
{
    struct mix_population *mix = of(population);

    for (;;) {
        size_t got = reap_now(mix, ret_asks, room);
        uint64_t now = clock_now_ns();

        if (got > 0 || now >= until_ns)
            return got;
        wait_for_any(mix, until_ns - now > LOOK_NS ? now + LOOK_NS : until_ns);
    }
}

static int mix_descriptor(struct population *population)
{
    return of(population)->epoll;
}

static void mix_wait(struct population *population, uint64_t until_ns)
{
    struct mix_population *mix = of(population);

    wait_for_any(mix, until_ns);
    for (size_t i = 0; i < mix->count; i++)
        mix->mix->inner->wait(mix->inner[i], 0);
}

static int mix_console_open(struct population *population, uint64_t vm, struct reason *reason)
{
    uint64_t number;
    struct population *inner = find(population, vm, &number);

    return inner->engine->console_open(inner, number, reason);
}

static void mix_console_close(struct population *population, uint64_t vm)
{
    uint64_t number;
    struct population *inner = find(population, vm, &number);

    inner->engine->console_close(inner, number);
}

static int mix_console_state(struct population *population, uint64_t vm, struct reason *reason)
{
    uint64_t number;
    struct population *inner = find(population, vm, &number);

    return inner->engine->console_state(inner, number, reason);
}

static size_t mix_console_read(struct population *population, uint64_t vm, uint8_t *ret_bytes, size_t room)
{
    uint64_t number;
    struct population *inner = find(population, vm, &number);

    return inner->engine->console_read(inner, number, ret_bytes, room);
}

static size_t mix_console_write(struct population *population, uint64_t vm, const uint8_t *bytes,
                                size_t count)
{
    uint64_t number;
    struct population *inner = find(population, vm, &number);

    return inner->engine->console_write(inner, number, bytes, count);
}

static size_t mix_console_press(struct population *population, uint64_t vm, const uint8_t *codes,
                                size_t count)
{
    uint64_t number;
    struct population *inner = find(population, vm, &number);

    return inner->engine->console_press(inner, number, codes, count);
}

static int mix_screen(struct population *population, uint64_t vm, struct engine_screen *ret_screen)
{
    uint64_t number;
    struct population *inner = find(population, vm, &number);

    return inner->engine->screen(inner, number, ret_screen);
}

static void mix_explain(struct population *population, uint64_t vm, char *ret_text, size_t room)
{
    uint64_t number;
    struct population *inner = find(population, vm, &number);

    inner->engine->explain(inner, number, ret_text, room);
}

static void mix_ends(struct population *population, struct engine_ends *ret_ends)
{
    struct mix_population *mix = of(population);

    for (size_t i = 0; i < mix->count; i++)
        mix->mix->inner->ends(mix->inner[i], ret_ends);
}

static uint64_t mix_memory(struct population *population)
{
    struct mix_population *mix = of(population);
    uint64_t sum = 0;

    for (size_t i = 0; i < mix->count; i++)
        sum += mix->mix->inner->memory(mix->inner[i]);
    return sum;
}

/* Each guest's cells stand for numbers of its own, which lie spread among those of the whole. */
static void add_live(const struct mix *mix, size_t part, const struct engine_live *live,
                     struct engine_live *sum)
{
    for (size_t i = 0; i < live->heat.count; i++)
        if (live->heat.cells[i] > 0)
            heat_spread(&sum->heat, deal_number(&mix->deal, part, i * live->heat.vms_each),
                        deal_number(&mix->deal, part, (i + 1) * live->heat.vms_each - 1),
                        live->heat.cells[i]);
    for (size_t i = 0; i < live->busiest.count; i++) {
        struct activity_busy busy = live->busiest.list[i];

        busy.vm = deal_number(&mix->deal, part, busy.vm);
        busiest_add_one(&sum->busiest, &busy);
    }
    sum->wakes += live->wakes;
    sum->instructions += live->instructions;
    sum->runnable += live->runnable;
    sum->memory_used += live->memory_used;
    sum->memory_held += live->memory_held;
}

static void mix_live(struct population *population, bool watches, struct engine_live *ret_live)
{
    struct mix_population *mix = of(population);
    struct engine_counts counts;
    struct engine_live part;

    mix_counts(population, &counts);
    memset(ret_live, 0, sizeof(*ret_live));
    heat_shape(&ret_live->heat, counts.numbers);
    for (size_t i = 0; i < mix->count; i++) {
        mix->mix->inner->live(mix->inner[i], watches, &part);
        add_live(mix->mix, i, &part, ret_live);
    }
}

const struct engine mix_functions = {
    .open = mix_open,
    .grow = mix_grow,
    .counts = mix_counts,
    .was_started = mix_was_started,
    .is_running = mix_is_running,
    .take_boot_times = mix_take_boot_times,
    .account = mix_account,
    .hosts = mix_hosts,
    .submit = mix_submit,
    .reap = mix_reap,
    .descriptor = mix_descriptor,
    .console_open = mix_console_open,
    .console_close = mix_console_close,
    .console_state = mix_console_state,
    .console_read = mix_console_read,
    .console_write = mix_console_write,
    .console_press = mix_console_press,
    .screen = mix_screen,
    .explain = mix_explain,
    .ends = mix_ends,
    .memory = mix_memory,
    .live = mix_live,
    .wait = mix_wait,
    .clear = mix_clear,
    .close = mix_close,
};
