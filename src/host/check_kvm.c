/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What KVM's settings cost is told by the kernel's own source (arch/x86/kvm/ of Linux 6.1 and 6.12) and by
 * Documentation/admin-guide/kernel-parameters.txt. */
#include "host/check.h"

#include "host/fingerprint.h"
#include "host/procfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_one_of(const char *word, const char *words)
{
    size_t length = strlen(word);

    for (const char *at = words; (at = strstr(at, word)); at += length)
        if ((at == words || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0'))
            return true;
    return false;
}

/* The settings, in the order in which they are told. */
static const struct setting {
    const char *module, *name;
    const char *good; /* values, with blanks between them; NULL: judged by a function below */
    enum finding_verdict otherwise;
    const char *meaning, *advice;
    bool at_load;       /* can only be set when the module is loaded */
    const char *wanted; /* what the command sets */
} settings[] = {
    {"kvm", "halt_poll_ns", "0", FINDING_BETTER,
     "how long the kernel keeps a core busy when a vCPU halts, in case it is woken at once",
     "0 leaves the core to others: what many idle VMs burn when they are woken is mostly this", false, "0"},
    {"kvm", "tdp_mmu", "Y 1", FINDING_BETTER,
     "the newer keeper of nested page tables, which needs no reverse map of a VM's memory",
     "Y saves the reverse map, 8 bytes a page of each VM's memory, and a lock", true, "Y"},
    {"kvm", "nx_huge_pages", NULL, FINDING_BETTER,
     "the way around a fault of some Intel processors (iTLB multihit); unless it is 'never', each VM has a "
     "kernel thread "
     "for it",
     "'never' saves that thread and its stack, and on this processor costs nothing; it must be set while "
     "there is no VM, stays until the module is loaded anew, and kernels that are too old for it refuse it",
     false, "never"},
    {"kvm_amd", "npt", "Y 1", FINDING_BAD,
     "nested paging: the processor walks the page tables of guest and host itself",
     "without it the kernel keeps shadow page tables, which cost memory and time in each VM", true, "1"},
    {"kvm_amd", "avic", "N 0", FINDING_BETTER,
     "the virtual interrupt controller of the processor; VMs with an in-kernel controller pay tables for it",
     "0 saves two pages in each VM with an in-kernel interrupt controller (QEMU's default)", true, "0"},
    {"kvm_intel", "ept", "Y 1", FINDING_BAD,
     "nested paging: the processor walks the page tables of guest and host itself",
     "without it the kernel keeps shadow page tables, which cost memory and time in each VM", true, "1"},
    {"kvm_intel", "unrestricted_guest", "Y 1", FINDING_BAD,
     "real mode, in which boot sectors run, is run by the processor itself",
     "without it the kernel emulates much of real mode, slowly and not all of it", true, "1"},
    {"kvm_intel", "pml", "N 0", FINDING_BETTER,
     "the log in which the processor notes the pages that a guest writes: one page of memory a vCPU",
     "0 saves that page where VMs are neither migrated nor their writes looked for", true, "0"},
    {"kvm_intel", "vmentry_l1d_flush", "never not_required auto cond", FINDING_BETTER,
     "the first-level cache is emptied before a guest runs (L1TF)",
     "'cond' empties it only when something may have come into it that is not the guest's", false, "cond"},
};

static bool read_setting(const char *root, const struct setting *setting, char value[160])
{
    char path[128];

    snprintf(path, sizeof(path), "/sys/module/%s/parameters/%s", setting->module, setting->name);
    return procfile_text(root, path, value, 160) == 0;
}

bool host_kvm_makes_threads(const char *root)
{
    char value[160];

    return procfile_text(root, "/sys/module/kvm/parameters/nx_huge_pages", value, sizeof(value)) < 0 ||
           strcmp(value, "never") != 0;
}

/* Whether the kernel knows the word (Linux 6.5, and stable kernels before it, such as Debian's 6.1) is not
 * told anywhere. */
bool host_kvm_thread_is_needless(const char *root)
{
    char value[160], fault[160];

    return procfile_text(root, "/sys/module/kvm/parameters/nx_huge_pages", value, sizeof(value)) == 0 &&
           strcmp(value, "never") != 0 &&
           procfile_text(root, "/sys/devices/system/cpu/vulnerabilities/itlb_multihit", fault,
                         sizeof(fault)) == 0 &&
           strstr(fault, "Not affected") != NULL;
}

static bool is_there(const char *root, const char *path, mode_t bits)
{
    char whole[PROCFILE_PATH];
    struct stat status;

    snprintf(whole, sizeof(whole), "%s%s", root, path);
    return stat(whole, &status) == 0 && (status.st_mode & bits);
}

/* How it is set: at once, when the module is loaded, or where it is a part of the kernel, when that is
 * started. Only what can be loaded says how far it is with that. */
static void make_command(const char *root, const struct setting *setting, char command[256])
{
    char path[128];

    snprintf(path, sizeof(path), "/sys/module/%s/parameters/%s", setting->module, setting->name);
    if (!setting->at_load && is_there(root, path, S_IWUSR)) {
        snprintf(command, 256, "echo %s >%s", setting->wanted, path);
        return;
    }
    snprintf(path, sizeof(path), "/sys/module/%s/initstate", setting->module);
    if (is_there(root, path, S_IRUSR))
        snprintf(command, 256,
                 "echo options %s %s=%s >/etc/modprobe.d/mvm-%s-%s.conf, then load the module anew",
                 setting->module, setting->name, setting->wanted, setting->module, setting->name);
    else
        snprintf(command, 256, "add %s.%s=%s to the kernel's command line, then start the host anew",
                 setting->module, setting->name, setting->wanted);
}

static int check_setting(struct host_findings *findings, const char *root, const struct setting *setting,
                         const struct kvm_state *state)
{
    struct host_finding finding = {.meaning = setting->meaning};
    bool nests_pages = strcmp(state->module, "kvm_amd") == 0 || strcmp(state->module, "kvm_intel") == 0;

    if (strcmp(setting->name, "tdp_mmu") == 0 && !nests_pages)
        return 0; /* of a module that keeps shadow pages by its nature */

    if (!read_setting(root, setting, finding.value))
        return 0; /* of the other make of processor, or not of this kernel */
    snprintf(finding.name, sizeof(finding.name), "%s.%s", setting->module, setting->name);
    bool good = setting->good ? is_one_of(finding.value, setting->good) : !host_kvm_thread_is_needless(root);

    if (!good) {
        finding.verdict = setting->otherwise;
        finding.advice = setting->advice;
        make_command(root, setting, finding.command);
    }
    return host_findings_add(findings, &finding);
}

/* Each VM makes files there, whether or not they are looked at. */
static int check_debugfs(struct host_findings *findings, const char *root)
{
    struct host_finding finding = {
        .name = "debugfs",
        .value = "off",
        .meaning = "KVM makes a folder of statistics for each VM in it, about 60 KiB of kernel "
                   "memory"};
    char systems[4096];

    if (procfile_text(root, "/proc/filesystems", systems, sizeof(systems)) < 0)
        return 0;
    if (strstr(systems, "\tdebugfs")) {
        snprintf(finding.value, sizeof(finding.value), "on");
        finding.verdict = FINDING_BETTER;
        finding.advice =
            "debugfs=off saves it; VMs of one process can share the folder, as those of mvm's own do";
        snprintf(finding.command, sizeof(finding.command),
                 "add debugfs=off to the kernel's command line, then start the host anew");
    }
    return host_findings_add(findings, &finding);
}

/* The module beside kvm: of the processor's make, or another that does its work. */
static void find_module(const char *root, char ret_module[32])
{
    char path[PROCFILE_PATH];
    DIR *directory;

    ret_module[0] = '\0';
    snprintf(path, sizeof(path), "%s/sys/module", root);
    directory = opendir(path);
    for (const struct dirent *entry; directory && (entry = readdir(directory));)
        if (strncmp(entry->d_name, "kvm_", 4) == 0 && strlen(entry->d_name) < 32)
            snprintf(ret_module, 32, "%s", entry->d_name);
    if (directory)
        closedir(directory);
}

struct flags {
    bool seen, svm, vmx;
};

static bool take_flags(void *context, const char *line)
{
    struct flags *flags = context;
    const char *value = text_after(line, "flags");

    if (!value)
        return true;
    flags->seen = true;
    flags->svm = is_one_of("svm", value);
    flags->vmx = is_one_of("vmx", value);
    return false;
}

static void read_flags(const char *root, struct flags *ret_flags)
{
    *ret_flags = (struct flags){.seen = false};
    procfile_lines(root, "/proc/cpuinfo", take_flags, ret_flags);
}

/* Why there is no /dev/kvm, and what would bring it. */
static void explain_absence(const char *root, struct host_finding *finding, struct kvm_state *state)
{
    struct flags flags;

    read_flags(root, &flags);
    snprintf(finding->value, sizeof(finding->value), "absent");
    if (flags.svm || flags.vmx) {
        snprintf(
            state->why_not, sizeof(state->why_not),
            "there is no /dev/kvm, though the processor has virtualization (%s): the module %s is not loaded",
            flags.svm ? "SVM" : "VMX", flags.svm ? "kvm_amd" : "kvm_intel");
        finding->advice =
            "load the module; should it refuse, virtualization is switched off in the firmware's settings";
        snprintf(finding->command, sizeof(finding->command), "modprobe %s",
                 flags.svm ? "kvm_amd" : "kvm_intel");
        return;
    }
    snprintf(state->why_not, sizeof(state->why_not), "there is no /dev/kvm, and the processor %s",
             flags.seen ? "shows no virtualization (SVM or VMX)" : "does not tell what it has");
    finding->advice =
        state->nested ? "this host is a VM: nested virtualization is for its host to allow; 'mvm lab' has "
                        "KVM without it"
                      : "switch virtualization on in the firmware's settings; 'mvm lab' has KVM without it";
}

static void look_at_device(const char *root, struct host_finding *finding, struct kvm_state *state)
{
    char path[PROCFILE_PATH];
    struct stat status;

    snprintf(path, sizeof(path), "%s/dev/kvm", root);
    if (stat(path, &status) < 0) {
        explain_absence(root, finding, state);
        return;
    }
    if (root[0] != '\0') {
        state->usable = true;
        return;
    }
    int fd = open(path, O_RDWR | O_CLOEXEC), version = fd < 0 ? -1 : ioctl(fd, KVM_GET_API_VERSION, 0);

    if (fd < 0) {
        bool denied = errno == EACCES || errno == EPERM;

        snprintf(finding->value, sizeof(finding->value), "%s", denied ? "not permitted" : strerror(errno));
        snprintf(state->why_not, sizeof(state->why_not), "/dev/kvm cannot be opened: %s", strerror(errno));
        if (denied) {
            finding->advice = "become a member of the group that may use it, and log in anew";
            snprintf(finding->command, sizeof(finding->command),
                     "usermod -a -G $(stat -c %%G /dev/kvm) USER");
        }
        return;
    }
    /* 12 since Linux 2.6.22, and for ever (Documentation/virt/kvm/api.rst, 4.1). */
    if (version != KVM_API_VERSION)
        snprintf(state->why_not, sizeof(state->why_not),
                 "/dev/kvm speaks version %d of its interface, not %d", version, KVM_API_VERSION);
    else
        state->usable = true;
    close(fd);
}

static int check_device(struct host_findings *findings, const char *root, struct kvm_state *state)
{
    struct host_finding finding = {
        .name = "/dev/kvm",
        .value = "usable",
        .meaning = "hardware virtualization for user programs; without it VMs are emulated"};

    look_at_device(root, &finding, state);
    if (!state->usable) {
        finding.verdict = FINDING_BAD;
        if (strcmp(finding.value, "usable") == 0)
            snprintf(finding.value, sizeof(finding.value), "not usable");
    }
    return host_findings_add(findings, &finding);
}

static int check_ground(struct host_findings *findings, const struct host_fingerprint *host,
                        const struct kvm_state *state)
{
    struct host_finding finding = {
        .name = "runs on",
        .value = "hardware",
        .meaning = "whether this host's processor is real: on a VM, KVM is nested, and each exit "
                   "of a guest takes several of its host"};

    if (host->emulated || state->nested) {
        snprintf(finding.value, sizeof(finding.value), "%.100s%s", host->hypervisor,
                 host->emulated ? " (emulated)" : "");
        finding.verdict = FINDING_BETTER;
        finding.advice = host->emulated
                             ? "times measured here are not those of hardware; memory figures hold"
                             : "times measured here are higher than on hardware; memory figures hold";
    }
    return host_findings_add(findings, &finding);
}

static int check_module(struct host_findings *findings, const struct kvm_state *state)
{
    struct host_finding finding = {.name = "module", .meaning = "the part of KVM for this processor"};

    if (!state->module[0])
        return 0;
    snprintf(finding.value, sizeof(finding.value), "%s", state->module);
    return host_findings_add(findings, &finding);
}

int host_check_kvm(struct host_findings *findings, const char *root, struct kvm_state *ret_state)
{
    struct kvm_state state = {.usable = false};
    struct host_fingerprint host;
    int error;

    host_fingerprint(&host, root);
    state.nested = strcmp(host.hypervisor, "none") != 0 && strcmp(host.hypervisor, "unknown") != 0;
    find_module(root, state.module);
    error = check_device(findings, root, &state);
    if (!error)
        error = check_module(findings, &state);
    if (!error)
        error = check_ground(findings, &host, &state);
    for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]) && !error; i++)
        error = check_setting(findings, root, &settings[i], &state);
    if (!error)
        error = check_debugfs(findings, root);
    *ret_state = state;
    return error;
}
