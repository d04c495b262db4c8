/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/fingerprint.h"

#include "host/cgroup.h"
#include "host/procfile.h"
#include "host/resource.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#endif

static const char unknown[] = "unknown";

static void text_or(const char *root, const char *path, char *ret_text, size_t room, const char *otherwise)
{
    if (procfile_text(root, path, ret_text, room) < 0 || ret_text[0] == '\0')
        text_copy(ret_text, room, otherwise);
}

/* What the first CPU's part of /proc/cpuinfo says. */
struct cpuinfo {
    char model[FINGERPRINT_TEXT];
    bool has_flags, in_vm;
};

static bool take_cpuinfo(void *context, const char *line)
{
    struct cpuinfo *info = context;
    const char *value = strchr(line, ':');

    if (!value)
        return !info->model[0];
    value += 1 + strspn(value + 1, " ");
    /* "model name" of x86; "Model" of ARM boards, "cpu" of POWER and "uarch" of RISC-V. */
    if (text_after(line, "model name") || text_after(line, "Model") || text_after(line, "cpu\t") ||
        text_after(line, "uarch"))
        text_copy(info->model, sizeof(info->model), value);
    if (text_after(line, "flags")) {
        const char *word = strstr(value, " hypervisor");

        info->has_flags = true;
        info->in_vm = word && (word[11] == ' ' || word[11] == '\0');
    }
    return true;
}

static void read_cpuinfo(const char *root, struct cpuinfo *ret_info)
{
    *ret_info = (struct cpuinfo){.model = ""};
    procfile_lines(root, "/proc/cpuinfo", take_cpuinfo, ret_info);
}

/* The signature that a hypervisor gives in CPUID leaf 0x40000000 (ebx, ecx, edx), which the leaf's inventors
 * reserved for it (Linux Documentation/virt/kvm/x86/cpuid.rst); false outside of VMs and on other processors.
 */
static bool cpuid_signature(char ret_signature[13])
{
#if defined(__x86_64__) || defined(__i386__)
    unsigned a, b, c, d;

    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & 1u << 31))
        return false;
    __cpuid(0x40000000, a, b, c, d);
    memcpy(ret_signature, &b, 4);
    memcpy(ret_signature + 4, &c, 4);
    memcpy(ret_signature + 8, &d, 4);
    ret_signature[12] = '\0';
    return true;
#else
    (void)ret_signature;
    return false;
#endif
}

static const struct {
    const char *signature, *name;
} hypervisors[] = {
    {"KVMKVMKVM", "KVM"},           {"TCGTCGTCGTCG", "QEMU TCG"}, {"Linux KVM Hv", "KVM (as Hyper-V)"},
    {"VMwareVMware", "VMware"},     {"XenVMMXenVMM", "Xen"},      {"Microsoft Hv", "Hyper-V"},
    {"VBoxVBoxVBox", "VirtualBox"}, {"bhyve bhyve ", "bhyve"},    {" lrpepyh  vr", "Parallels"},
    {"prl hyperv  ", "Parallels"},  {"ACRNACRNACRN", "ACRN"},
};

static void find_hypervisor(const char *root, const struct cpuinfo *info,
                            struct host_fingerprint *fingerprint)
{
    char signature[13], *name = fingerprint->hypervisor;

    /* A canned host's processor is not the one that runs this. */
    if (root[0] == '\0' && cpuid_signature(signature)) {
        fingerprint->emulated = strcmp(signature, "TCGTCGTCGTCG") == 0;
        for (size_t i = 0; i < sizeof(hypervisors) / sizeof(hypervisors[0]); i++)
            if (strcmp(signature, hypervisors[i].signature) == 0) {
                text_copy(name, FINGERPRINT_TEXT, hypervisors[i].name);
                return;
            }
        for (char *c = signature; *c; c++)
            if (*c < ' ' || *c > '~')
                *c = '?';
        text_copy(name, FINGERPRINT_TEXT, signature[0] ? signature : unknown);
        return;
    }
    text_or(root, "/sys/hypervisor/type", name, FINGERPRINT_TEXT, "");
    if (!name[0])
        text_or(root, "/sys/firmware/devicetree/base/hypervisor/compatible", name, FINGERPRINT_TEXT, "");
    if (!name[0])
        text_copy(name, FINGERPRINT_TEXT, info->has_flags && !info->in_vm ? "none" : unknown);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(a, b); /* the name is the first member */
}

static void read_mitigations(const char *root, struct host_fingerprint *fingerprint)
{
    static const char where[] = "/sys/devices/system/cpu/vulnerabilities";
    char path[PROCFILE_PATH];
    unsigned count = 0;

    if ((size_t)snprintf(path, sizeof(path), "%s%s", root, where) >= sizeof(path))
        return;

    DIR *directory = opendir(path);

    if (!directory)
        return;
    for (const struct dirent *entry; count < FINGERPRINT_MITIGATIONS && (entry = readdir(directory));) {
        if (entry->d_name[0] == '.' || strlen(entry->d_name) >= sizeof(fingerprint->mitigations[0].name))
            continue;
        text_copy(fingerprint->mitigations[count].name, sizeof(fingerprint->mitigations[0].name),
                  entry->d_name);
        snprintf(path, sizeof(path), "%s/%s", where, entry->d_name);
        text_or(root, path, fingerprint->mitigations[count].state, FINGERPRINT_TEXT, unknown);
        count++;
    }
    closedir(directory);
    qsort(fingerprint->mitigations, count, sizeof(fingerprint->mitigations[0]), by_name);
    fingerprint->mitigation_count = count;
}

/* "always [madvise] never" */
static void read_thp(const char *root, char ret_word[FINGERPRINT_TEXT])
{
    char text[FINGERPRINT_TEXT];

    text_or(root, "/sys/kernel/mm/transparent_hugepage/enabled", text, sizeof(text), "");

    char *word = strchr(text, '['), *end = word ? strchr(word, ']') : NULL;

    if (end)
        *end = '\0';
    text_copy(ret_word, FINGERPRINT_TEXT, end ? word + 1 : text[0] ? unknown : "absent");
}

static void read_kernel(const char *root, char ret_kernel[FINGERPRINT_TEXT])
{
    char type[64], release[128], version[FINGERPRINT_TEXT];

    text_or(root, "/proc/sys/kernel/ostype", type, sizeof(type), unknown);
    text_or(root, "/proc/sys/kernel/osrelease", release, sizeof(release), "");
    text_or(root, "/proc/sys/kernel/version", version, sizeof(version), "");
    if (snprintf(ret_kernel, FINGERPRINT_TEXT, "%s %s %s", type, release, version) >= FINGERPRINT_TEXT)
        ret_kernel[FINGERPRINT_TEXT - 1] = '\0';
}

void host_fingerprint(struct host_fingerprint *ret_fingerprint, const char *root)
{
    struct host_fingerprint *f = ret_fingerprint;
    struct host_limits limits;
    struct cgroup_limits cgroup;
    struct cpuinfo info;
    uint64_t ksm;

    memset(f, 0, sizeof(*f));
    read_cpuinfo(root, &info);
    text_copy(f->cpu_model, sizeof(f->cpu_model), info.model[0] ? info.model : unknown);
    if (host_limits_read(&limits, root, NULL) == 0) {
        f->cpus = limits.cpus;
        f->memory_bytes = limits.memory_total;
        f->swap_bytes = limits.swap_total;
    }
    read_kernel(root, f->kernel);
    text_or(root, "/proc/cmdline", f->kernel_command_line, sizeof(f->kernel_command_line), unknown);
    find_hypervisor(root, &info, f);
    read_mitigations(root, f);
    text_or(root, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", f->frequency_governor,
            sizeof(f->frequency_governor), "none");
    if (procfile_number(root, "/sys/kernel/mm/ksm/run", &ksm) < 0)
        text_copy(f->ksm, sizeof(f->ksm), "absent");
    else
        text_copy(f->ksm, sizeof(f->ksm), ksm == 1 ? "on" : "off"); /* 2 undoes what was merged */
    read_thp(root, f->thp);
    cgroup_limits_read(&cgroup, root);
    f->cgroup_memory_bytes = cgroup.memory_bytes;
    f->cgroup_cpus = cgroup.cpus;
    f->cgroup_pids = cgroup.pids;
}

static bool mitigations_alike(const struct host_fingerprint *a, const struct host_fingerprint *b)
{
    if (a->mitigation_count != b->mitigation_count)
        return false;
    for (unsigned i = 0; i < a->mitigation_count; i++)
        if (strcmp(a->mitigations[i].name, b->mitigations[i].name) != 0 ||
            strcmp(a->mitigations[i].state, b->mitigations[i].state) != 0)
            return false;
    return true;
}

bool host_fingerprint_alike(const struct host_fingerprint *a, const struct host_fingerprint *b)
{
    /* MemTotal moves by some pages from one boot of a host to the next. */
    double more_memory = fmax((double)a->memory_bytes, (double)b->memory_bytes);
    double apart = fabs((double)a->memory_bytes - (double)b->memory_bytes);

    return strcmp(a->cpu_model, b->cpu_model) == 0 && a->cpus == b->cpus && apart <= more_memory / 200 &&
           a->swap_bytes == b->swap_bytes && strcmp(a->kernel, b->kernel) == 0 &&
           strcmp(a->hypervisor, b->hypervisor) == 0 && mitigations_alike(a, b) &&
           strcmp(a->frequency_governor, b->frequency_governor) == 0 && strcmp(a->ksm, b->ksm) == 0 &&
           strcmp(a->thp, b->thp) == 0 && a->cgroup_memory_bytes == b->cgroup_memory_bytes &&
           fabs(a->cgroup_cpus - b->cgroup_cpus) < 1e-9 && a->cgroup_pids == b->cgroup_pids &&
           a->emulated == b->emulated;
}
