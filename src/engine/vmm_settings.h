/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The options of the engine `vmm`: what users may say, and what that means to src/vmm/. */
#ifndef MVM_ENGINE_VMM_SETTINGS_H
#define MVM_ENGINE_VMM_SETTINGS_H

#include "base/option.h"
#include "engine/engine.h"
#include "vmm/vmm.h"

struct vmm_settings {
    uint64_t workers, ram_bytes, memory_bytes, slice, output_bytes, boot_timeout_ns;
    uint64_t vms_each; /* KVM VMs in a process */
    const char *drive, *bases, *cpu, *without;
    bool resident;
};

/* What `ram` and `drive` are when nothing is said of them. */
enum { RAM_FALLBACK = 1 << 20, DRIVE_FALLBACK = 0x80 };

enum { VMM_SPECS = 12 };
extern const struct option_spec vmm_specs[VMM_SPECS];

/* See struct engine. */
int vmm_settings_probe(const void *options, struct reason *reason);
void vmm_settings_needs(const void *options, struct host_needs *ret_needs);
int vmm_settings_describe(const struct engine_setup *setup, struct result *result, struct reason *reason);

/* --cpu kvm --resident: class A. */
bool vmm_settings_are_resident_kvm(const struct vmm_settings *settings);

/* How many VMs a worker process of those has. */
uint32_t vmm_settings_vms_each(const struct vmm_settings *settings);

/* 00h or 80h. */
uint8_t vmm_settings_drive(const struct vmm_settings *settings);

/* With what they leave open filled in from this host. */
struct vmm_options vmm_settings_options(const struct engine_setup *setup);

#endif
