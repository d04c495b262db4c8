/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/vmm_account.h"

#include "base/reason.h"

#include <errno.h>

/* What the number of VMs that stopped for a reason is called; a new reason does not compile without. */
static const char *stop_counter(enum vm_stop stop)
{
    switch (stop) {
    case VM_RUNS:
        return "vms_not_ready_in_time";
    case VM_STOP_TRIPLE_FAULT:
        return "vms_stopped_by_triple_fault";
    case VM_STOP_UNKNOWN_OPCODE:
        return "vms_stopped_by_unknown_opcode";
    case VM_STOP_EXCEPTION:
        return "vms_stopped_by_exception";
    case VM_STOP_UNSUPPORTED:
        return "vms_stopped_by_unsupported_mode";
    case VM_STOP_OUTPUT:
        return "vms_stopped_by_output_limit";
    case VM_STOP_NO_MEMORY:
        return "vms_stopped_by_lack_of_memory";
    case VM_STOP_NOT_STARTED:
        return "vms_not_started";
    case VM_STOP_HOST:
        return "vms_stopped_by_kvm";
    case VM_STOP_COUNT:
        break;
    }
    return "vms_stopped";
}

struct counter {
    const char *name;
    uint64_t value;
};

static int set_counters(struct result_counters *counters, const struct counter *list, size_t count)
{
    int error = 0;

    for (size_t i = 0; !error && i < count; i++)
        error = result_counter_set(counters, list[i].name, (double)list[i].value);
    return error;
}

/* What a CPU can count: an emulated one instructions, KVM how often it came out of the guests, and why. */
static int account_cpu(bool is_kvm, const struct vmm_counts *counts, struct result_counters *counters)
{
    const struct vmm_cpu_counts *cpu = &counts->cpu;
    const struct counter emulated[] = {{"instructions", counts->instructions}};
    const struct counter kvm[] = {
        {"kvm_runs", cpu->runs},
        {"kvm_ioctls", cpu->ioctls},
        {"kvm_timers_set", cpu->timers_set},
        {"kvm_shells", cpu->shells},
        {"kvm_shells_made", cpu->shells_made},
        {"kvm_exits_port", cpu->port_exits},
        {"kvm_exits_memory", cpu->memory_exits},
        {"kvm_exits_halt", cpu->halt_exits},
        {"kvm_exits_interrupt_window", cpu->window_exits},
        {"kvm_exits_kicked", cpu->kick_exits},
        {"kvm_exits_other", cpu->other_exits},
    };

    return is_kvm ? set_counters(counters, kvm, sizeof(kvm) / sizeof(kvm[0]))
                  : set_counters(counters, emulated, 1);
}

int vmm_account(const struct vmm_counts *counts, const struct store_usage *usage, bool is_kvm,
                struct result_counters *counters)
{
    const struct counter counted[] = {
        {"boots", counts->boots},
        {"wakes", counts->wakes},
        {"timer_ticks_lost", counts->ticks_lost},
        {"vms_waiting_for_a_slice", counts->runnable},
        {"bases", counts->bases},
        {"record_bytes", usage->record_bytes},
        {"used_bytes", usage->used_bytes},
        {"held_bytes", usage->held_bytes},
    };
    int error = set_counters(counters, counted, sizeof(counted) / sizeof(counted[0]));

    if (!error)
        error = account_cpu(is_kvm, counts, counters);
    for (size_t i = 0; !error && i < VM_STOP_COUNT; i++)
        error = result_counter_set(counters, stop_counter((enum vm_stop)i), (double)counts->stops[i]);
    return error;
}

int vmm_console_reason(int error, uint64_t vm, struct reason *reason)
{
    if (error == -EBUSY)
        return reason_set(reason, EBUSY, "VM %llu is busy: a question to it or another console is open",
                          (unsigned long long)vm);
    if (error == -ESRCH)
        return reason_set(reason, ESRCH, "VM %llu is not running", (unsigned long long)vm);
    return error ? reason_errno(reason, -error, "no console for VM %llu", (unsigned long long)vm) : 0;
}
