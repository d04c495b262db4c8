/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm/shard_visit.h"

#include "base/clock.h"
#include "base/counter.h"
#include "vmm/outbox.h"
#include "vmm/resident.h"
#include "vmm/resident_kvm.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { HEADER_ROOM = 5 };

/* How long a VM may run at a time, however few instructions it executes: one that waited for its turn, and
 * one that was woken before others, which has to queue for more. */
#define SLICE_NS (2 * NS_PER_MILLISECOND)
#define WOKEN_NS (NS_PER_MILLISECOND / 4)
/* On KVM an access to a port takes microseconds, so that a challenge is not through sooner. */
#define WOKEN_KVM_NS NS_PER_MILLISECOND

static void set_not_running(struct shard *shard, uint32_t number, bool not_running)
{
    uint8_t bit = (uint8_t)(1u << (number % 8));
    _Atomic uint8_t *byte = &shard->not_running[number / 8];
    uint8_t old = atomic_load_explicit(byte, memory_order_relaxed);

    atomic_store_explicit(byte, (uint8_t)(not_running ? old | bit : old & ~bit), memory_order_relaxed);
}

void visit_answer(struct shard *shard, struct vmm_request *request, int status)
{
    request->status = status;
    request->answer[request->answer_length] = '\0';
    request->answered_ns = clock_now_ns();
    outbox_gather(request, shard->index, &shard->done);
}

static void end_request(struct shard *shard, struct visit *visit, int status)
{
    if (visit->flags & RECORD_ASKED)
        vmtable_take(&shard->requests, visit->number);
    visit->flags &= (uint8_t) ~(RECORD_ASKED | RECORD_LATE);
    if (status || visit->request->late)
        visit->flags |= RECORD_LATE;
    visit_answer(shard, visit->request, status);
    visit->request = NULL;
}

static void forget_boot(struct shard *shard, struct visit *visit)
{
    struct boot *boot = visit->boot;

    visit->boot = NULL;
    if (!(visit->flags & RECORD_BOOTING))
        return; /* it is visit->first_run, in no list yet */
    visit->flags &= (uint8_t)~RECORD_BOOTING;
    vmtable_take(&shard->boots, visit->number);
    *(boot->older ? &boot->older->newer : &shard->oldest_boot) = boot->newer;
    *(boot->newer ? &boot->newer->older : &shard->newest_boot) = boot->older;
    free(boot);
}

/* Keeps a fair sample when there are more boot times than room (Vitter's algorithm R, with a cheap hash for
 * chance). */
static void note_boot_time(struct shard *shard, double seconds)
{
    uint64_t seen = shard->boot_time_seen++;
    size_t at = shard->boot_time_count;

    if (at < BOOT_TIMES) {
        shard->boot_time_count++;
    } else {
        at = (size_t)((seen * UINT64_C(0x9e3779b97f4a7c15) >> 20) % (seen + 1));
        if (at >= BOOT_TIMES)
            return;
    }
    shard->boot_times[at] = seconds;
}

static void became_ready(struct shard *shard, struct visit *visit)
{
    note_boot_time(shard, (double)(shard_now(shard) - visit->boot->started_ns) / (double)NS_PER_SECOND);
    if (visit->flags & RECORD_BOOTING)
        set_not_running(shard, visit->number, false);
    forget_boot(shard, visit);
    counter_add(&shard->counts.running, 1);
    counter_add(&shard->counts.settled, 1);
}

/* True when the ready line is complete. */
static bool announces(struct boot *boot, const char *ready, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] == '\n') {
            if (boot->matched != UINT16_MAX && ready[boot->matched] == '\0')
                return true;
            boot->matched = 0;
        } else if (boot->matched != UINT16_MAX && ready[boot->matched] == (char)bytes[i]) {
            boot->matched++;
        } else if (bytes[i] != '\r') {
            boot->matched = UINT16_MAX;
        }
    }
    return false;
}

/* A piece of an answer whose end the caller knows. */
static void piece_to_request(struct shard *shard, struct visit *visit, const uint8_t *bytes, size_t count)
{
    struct vmm_request *request = visit->request;
    size_t room = request->room - 1 - request->answer_length;
    size_t kept = count < room ? count : room;

    memcpy(request->answer + request->answer_length, bytes, kept);
    request->answer_length += kept;
    if (request->is_whole(request))
        end_request(shard, visit, 0);
    else if (count >= room)
        end_request(shard, visit, -EMSGSIZE);
}

static void to_request(struct shard *shard, struct visit *visit, const uint8_t *bytes, size_t count)
{
    struct vmm_request *request = visit->request;

    if (request->is_whole) {
        piece_to_request(shard, visit, bytes, count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (bytes[i] == '\n') {
            end_request(shard, visit, 0);
            return;
        }
        if (request->answer_length + 1 < request->room)
            request->answer[request->answer_length++] = (char)bytes[i];
    }
}

/* One run of the CPU fills the context's outbox at most once. */
static bool has_room_for_output(const struct console *console)
{
    return CONSOLE_OUTPUT - console->output_count >= sizeof(((struct context *)NULL)->output);
}

static void to_console(struct console *console, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count && console->output_count < CONSOLE_OUTPUT; i++)
        console->output[(console->output_start + console->output_count++) % CONSOLE_OUTPUT] = bytes[i];
}

static void drain(struct shard *shard, struct visit *visit)
{
    struct context *context = visit->context;

    if (context->output_count == 0)
        return;
    if (visit->boot && shard->options->ready_line &&
        announces(visit->boot, shard->options->ready_line, context->output, context->output_count))
        became_ready(shard, visit);
    if (visit->request)
        to_request(shard, visit, context->output, context->output_count);
    if (visit->console)
        to_console(visit->console, context->output, context->output_count);
    context->output_count = 0;
}

static size_t feed_queue(struct context *context, uint8_t *queue, size_t *count,
                         size_t (*give)(struct context *, const uint8_t *, size_t))
{
    size_t taken = *count ? give(context, queue, *count) : 0;

    if (taken) {
        *count -= taken;
        memmove(queue, queue + taken, *count);
    }
    return taken;
}

/* Gives the VM what waits for it, as far as its receivers have room. */
static bool feed(struct visit *visit)
{
    struct vmm_request *request = visit->request;
    size_t taken = 0;

    if (request && request->sent < request->length) {
        taken = board_receive(visit->context, (const uint8_t *)request->bytes + request->sent,
                              request->length - request->sent);
        request->sent += taken;
    }
    if (visit->console) {
        taken +=
            feed_queue(visit->context, visit->console->serial, &visit->console->serial_count, board_receive);
        taken += feed_queue(visit->context, visit->console->keys, &visit->console->key_count, board_press);
    }
    return taken > 0;
}

/* The guest pressed the reset button. */
static void reset(struct shard *shard, struct visit *visit)
{
    struct context *context = visit->context;

    if (shard->guests) {
        resident_kvm_reset(shard->guests);
    } else if (shard->resident) {
        resident_reset(shard->resident, visit->number);
    } else {
        machine_unlay(shard->bench, context);
        visit->context = context = machine_lay_reset(shard->bench);
    }
    context->reset = false;
    context_now(context);
    board_reset(context, shard->options->drive);
    board_resume(context);
}

/* A lasting VM_RUNS here means: did not announce itself in time. */
static void account_stop(struct shard *shard, struct visit *visit, enum vm_stop stop, uint32_t detail)
{
    if (visit->request)
        end_request(shard, visit, -ECONNRESET);
    set_not_running(shard, visit->number, true);
    counter_add(&shard->counts.stops[stop], 1);
    counter_add(visit->boot ? &shard->counts.failed : &shard->counts.stopped, 1);
    counter_add(visit->boot ? &shard->counts.settled : &shard->counts.running, visit->boot ? 1 : UINT64_MAX);
    if (visit->boot)
        forget_boot(shard, visit);
    note_last_stop(shard, stop, detail);
}

static void put_stopped(struct shard *shard, uint32_t number, enum vm_stop stop, uint32_t detail)
{
    uint8_t record[STOPPED_RECORD] = {RECORD_STOPPED, (uint8_t)stop};

    memcpy(record + 2, &detail, sizeof(detail));
    if (store_count(shard->store) == number)
        (void)store_add(shard->store, record, sizeof(record));
    else
        (void)store_put(shard->store, number, record, sizeof(record)); /* never larger than what is there */
    if (shard->resident)
        resident_free_one(shard->resident, number);
    if (shard->guests)
        resident_kvm_drop(shard->guests, number);
}

void visit_unlay(struct shard *shard, struct context *context)
{
    if (shard->guests)
        resident_kvm_leave(shard->guests);
    else if (!shard->resident)
        machine_unlay(shard->bench, context);
}

/* False: there is no memory for the base that it is a difference to. */
static bool lay(struct shard *shard, struct visit *visit, const uint8_t *packed, size_t size)
{
    int error = 0;

    if (shard->guests) {
        visit->context = resident_kvm_context(shard->guests, visit->number);
        return machine_lay_state(shard->reset, packed, size, &visit->context->state) == 0;
    }
    visit->context = shard->resident ? resident_context(shard->resident, visit->number)
                                     : machine_lay(shard->bench, packed, size, &error);
    return visit->context != NULL;
}

bool visit_begin(struct shard *shard, uint32_t number, struct visit *visit)
{
    size_t size, at = 1;
    const uint8_t *record = store_get(shard->store, number, &size);

    if (record[0] & RECORD_STOPPED)
        return false;
    visit->number = number;
    visit->flags = record[0];
    visit->from_queue = false;
    visit->stamp = 0;
    if (visit->flags & RECORD_TIMER) {
        memcpy(&visit->stamp, record + 1, sizeof(visit->stamp));
        at = HEADER_ROOM;
    }
    visit->request = visit->flags & RECORD_ASKED ? vmtable_get(&shard->requests, number) : NULL;
    if (visit->flags & RECORD_ASKED && !visit->request) { /* it was given up */
        visit->flags &= (uint8_t)~RECORD_ASKED;
        visit->flags |= RECORD_LATE;
    }
    visit->console = visit->flags & RECORD_CONSOLE ? vmtable_get(&shard->consoles, number) : NULL;
    if (!visit->console)
        visit->flags &= (uint8_t)~RECORD_CONSOLE;
    visit->boot = visit->flags & RECORD_BOOTING ? vmtable_get(&shard->boots, number) : NULL;
    if (!lay(shard, visit, record + at, size - at)) {
        account_stop(shard, visit, VM_STOP_NO_MEMORY, 0);
        put_stopped(shard, number, VM_STOP_NO_MEMORY, 0);
        return false;
    }
    context_now(visit->context);
    board_resume(visit->context);
    return true;
}

static void queue_vm(struct shard *shard, struct visit *visit)
{
    if (visit->flags & RECORD_QUEUED)
        return;
    if (shard->queue_count == shard->queue_room) {
        size_t room = shard->queue_room ? shard->queue_room * 2 : 256;
        uint32_t *wider = malloc(room * sizeof(*wider));

        if (!wider)
            return; /* it stays asleep until something else wakes it */
        for (size_t i = 0; i < shard->queue_count; i++)
            wider[i] = shard->queue[(shard->queue_first + i) % shard->queue_room];
        free(shard->queue);
        shard->queue = wider;
        shard->queue_room = room;
        shard->queue_first = 0;
    }
    shard->queue[(shard->queue_first + shard->queue_count++) % shard->queue_room] = visit->number;
    visit->flags |= RECORD_QUEUED;
}

static int put_record(struct shard *shard, const struct visit *visit, size_t size)
{
    if (store_count(shard->store) == visit->number)
        return store_add(shard->store, shard->record, size);
    return store_put(shard->store, visit->number, shard->record, size);
}

/* Packs the VM and writes its record. -ENOMEM: no room for it. */
static int put_back(struct shard *shard, struct visit *visit)
{
    struct context *context = visit->context;
    /* What waits for a slice, or to be read, sees to its timer then. It gets no turn out of order by it. */
    bool waits = visit->flags & RECORD_QUEUED || (visit->console && visit->console->held);
    uint64_t next = waits ? BOARD_NEVER : board_next_event(context);
    size_t head = 1, size = 0;

    if (next != BOARD_NEVER) {
        uint32_t stamp = wheel_stamp(next);

        if (!(visit->flags & RECORD_TIMER) || stamp != visit->stamp) {
            if (wheel_add(shard->wheel, visit->number, next) < 0)
                return -ENOMEM;
            visit->stamp = stamp;
        }
        visit->flags |= RECORD_TIMER;
        head = HEADER_ROOM;
        memcpy(shard->record + 1, &visit->stamp, sizeof(visit->stamp));
    } else {
        visit->flags &= (uint8_t)~RECORD_TIMER;
    }
    if (shard->guests) {
        size = machine_pack_state(shard->reset, &context->state, shard->record + head,
                                  shard->record_room - head);
    } else if (!shard->resident) {
        size = machine_pack(shard->bench, context, shard->record + head, shard->record_room - head);
        if (size > shard->record_room - head) {
            uint8_t *larger = malloc(size + HEADER_ROOM);

            if (!larger)
                return -ENOMEM;
            free(shard->record);
            shard->record = larger;
            shard->record_room = size + HEADER_ROOM;
            if (head > 1)
                memcpy(shard->record + 1, &visit->stamp, sizeof(visit->stamp));
            size = machine_pack(shard->bench, context, shard->record + head, shard->record_room - head);
        }
        if (shard->options->learn && machine_worth_learning(shard->bench, size))
            (void)machine_learn(shard->bench, context);
    }
    shard->record[0] = visit->flags;
    return put_record(shard, visit, head + size);
}

int visit_adopt(struct shard *shard, struct visit *visit, bool wants_slice)
{
    board_resume(visit->context);
    if (wants_slice)
        queue_vm(shard, visit);
    return put_back(shard, visit);
}

static bool hold_boot(struct shard *shard, struct visit *visit)
{
    struct boot *boot = malloc(sizeof(*boot));

    if (!boot || vmtable_add(&shard->boots, visit->number, boot) < 0) {
        free(boot);
        return false;
    }
    *boot = visit->first_run;
    boot->number = visit->number;
    boot->newer = NULL;
    boot->older = shard->newest_boot;
    *(boot->older ? &boot->older->newer : &shard->oldest_boot) = boot;
    shard->newest_boot = boot;
    visit->boot = boot;
    visit->flags |= RECORD_BOOTING;
    set_not_running(shard, visit->number, true);
    return true;
}

/* What goes on after this run stays known: the tables, and the flags that lead to them. */
static bool hold_attached(struct shard *shard, struct visit *visit)
{
    if (visit->boot && !(visit->flags & RECORD_BOOTING) && !hold_boot(shard, visit))
        return false;
    if (visit->request && !(visit->flags & RECORD_ASKED)) {
        if (vmtable_add(&shard->requests, visit->number, visit->request) < 0)
            return false;
        visit->flags |= RECORD_ASKED;
    }
    return true;
}

/* Only an emulated CPU can tell of each instruction. */
static enum cpu_exit run_cpu(struct shard *shard, struct context *context, uint64_t slice)
{
    if (context->trace_code && shard->tracer)
        return cpu_x86emu.run(shard->tracer, context, slice);
    return shard->kind->run(shard->cpu, context, slice);
}

/* Runs until there is nothing more to do in this slice. True: the VM wants another one. */
static bool run_slice(struct shard *shard, struct visit *visit)
{
    uint64_t begin = visit->context->instructions, used = 0;

    for (;;) {
        struct context *context = visit->context;
        enum cpu_exit end;

        if (visit->console && !has_room_for_output(visit->console)) {
            visit->console->held = true;
            break;
        }
        feed(visit);
        end = run_cpu(shard, context, shard->options->slice - used);
        drain(shard, visit);
        used = context->instructions - begin;
        if (end == CPU_STOPPED)
            break;
        if (end == CPU_LEFT) {
            context->leave = false;
            if (context->reset) {
                counter_add(&shard->counts.instructions, used);
                reset(shard, visit);
                begin = visit->context->instructions;
                used = 0;
                return true; /* a VM that resets itself for ever gets no more than its slices */
            }
        }
        if (end == CPU_SLICE || used >= shard->options->slice) {
            counter_add(&shard->counts.instructions, used);
            return true;
        }
        if (end == CPU_HALTED && !feed(visit)) {
            if (board_next_event(context) > context->now_ns)
                break;
            context_now(context);
            board_advance(context);
            if (!context->interrupt)
                break;
        }
    }
    counter_add(&shard->counts.instructions, used);
    return false;
}

void visit_run(struct shard *shard, struct visit *visit)
{
    struct context *context = visit->context;
    uint64_t lost = context->ticks_lost, began_ns = context->now_ns;
    uint64_t executed = atomic_load_explicit(&shard->counts.instructions, memory_order_relaxed);
    uint32_t number = visit->number;

    counter_add(&shard->counts.wakes, 1);
    context->output_count = 0;
    context->leave = false;
    context->reset = false;
    context->slice_ends_ns = context->now_ns + (visit->from_queue         ? SLICE_NS
                                                : shard->kind == &cpu_kvm ? WOKEN_KVM_NS
                                                                          : WOKEN_NS);
    board_advance(context);
    if (number == shard->traced)
        shard_trace_attach(shard, context);
    bool more = run_slice(shard, visit);

    if (began_ns < shard->watched_until_ns)
        activity_note(&shard->activity, shard_vm(shard, number), number, began_ns,
                      atomic_load_explicit(&shard->counts.instructions, memory_order_relaxed) - executed);
    if (number == shard->traced)
        shard_trace_detach(context);
    if (visit->context == context)
        counter_add(&shard->counts.ticks_lost, context->ticks_lost - lost);
    context = visit->context;
    if (visit->boot && !shard->options->ready_line)
        became_ready(shard, visit);

    enum vm_stop stop = context->state.stop;
    uint32_t detail = context->state.stop_detail;

    if (!stop) {
        context->state.output_bytes = more ? context->state.output_bytes : 0;
        if (more)
            queue_vm(shard, visit);
        if (!hold_attached(shard, visit) || put_back(shard, visit) < 0)
            stop = VM_STOP_NO_MEMORY;
    }
    if (stop) {
        account_stop(shard, visit, stop, detail);
        put_stopped(shard, number, stop, detail);
    }
    shard->news = shard->news || visit->console || stop;
    visit_unlay(shard, context);
}

void shard_end(struct shard *shard, uint32_t number, enum vm_stop stop, uint32_t detail)
{
    struct visit visit = {0};

    if (!visit_begin(shard, number, &visit))
        return;
    account_stop(shard, &visit, stop, detail);
    put_stopped(shard, number, stop, detail);
    visit_unlay(shard, visit.context);
}
