/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the check of a host finds, on canned hosts. */
#include "host/check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

static const char *canned(const char *host)
{
    static char root[4096];
    const char *data = getenv("MVM_TEST_DATA");

    snprintf(root, sizeof(root), "%s/host-%s", data ? data : "tests/unit/data", host);
    return root;
}

static void assert_well_formed(const struct host_findings *findings)
{
    for (size_t i = 0; i < findings->count; i++) {
        assert_non_null(findings->items[i].meaning);
        /* What could be better says how. */
        assert_int_equal(findings->items[i].advice != NULL, findings->items[i].verdict != FINDING_GOOD);
    }
}

static struct host_findings check(const char *host, struct kvm_state *ret_state)
{
    struct host_findings findings = {.items = NULL};

    assert_int_equal(host_check_kvm(&findings, canned(host), ret_state), 0);
    assert_well_formed(&findings);
    return findings;
}

/* All but KVM. */
static struct host_findings check_rest(const char *host)
{
    struct host_findings findings = {.items = NULL};

    assert_int_equal(host_check_memory(&findings, canned(host)), 0);
    assert_int_equal(host_check_cpu(&findings, canned(host)), 0);
    assert_int_equal(host_check_programs(&findings, canned(host)), 0);
    assert_well_formed(&findings);
    return findings;
}

static const struct host_finding *find(const struct host_findings *findings, const char *name)
{
    for (size_t i = 0; i < findings->count; i++)
        if (strcmp(findings->items[i].name, name) == 0)
            return &findings->items[i];
    return NULL;
}

static void assert_found(const struct host_findings *findings, const char *name, const char *value,
                         enum finding_verdict verdict, const char *command)
{
    const struct host_finding *finding = find(findings, name);

    assert_non_null(finding);
    assert_string_equal(finding->value, value);
    assert_int_equal(finding->verdict, verdict);
    assert_non_null(strstr(finding->command, command));
}

static void judges_an_amd_host(void **state)
{
    struct kvm_state kvm;
    struct host_findings findings = check("kvm-amd", &kvm);

    (void)state;
    assert_true(kvm.usable);
    assert_false(kvm.nested);
    assert_string_equal(kvm.module, "kvm_amd");
    assert_found(&findings, "/dev/kvm", "usable", FINDING_GOOD, "");
    assert_found(&findings, "runs on", "hardware", FINDING_GOOD, "");
    assert_found(&findings, "kvm.halt_poll_ns", "0", FINDING_GOOD, "");
    assert_found(&findings, "kvm.tdp_mmu", "N", FINDING_BETTER, "options kvm tdp_mmu=Y");
    assert_found(&findings, "kvm.nx_huge_pages", "N", FINDING_BETTER, "echo never");
    assert_found(&findings, "kvm_amd.npt", "N", FINDING_BAD, "options kvm_amd npt=1");
    assert_found(&findings, "kvm_amd.avic", "Y", FINDING_BETTER, "options kvm_amd avic=0");
    assert_found(&findings, "debugfs", "on", FINDING_BETTER, "debugfs=off");
    assert_null(find(&findings, "kvm_intel.ept"));
    host_findings_release(&findings);
}

static void judges_an_intel_host(void **state)
{
    struct kvm_state kvm;
    struct host_findings findings = check("kvm-intel", &kvm);

    (void)state;
    assert_true(kvm.usable);
    assert_true(kvm.nested);
    assert_found(&findings, "runs on", "xen", FINDING_BETTER, "");
    assert_found(&findings, "kvm.halt_poll_ns", "200000", FINDING_BETTER,
                 "echo 0 >/sys/module/kvm/parameters");
    assert_found(&findings, "kvm.tdp_mmu", "Y", FINDING_GOOD, "");
    /* The processor has the fault. */
    assert_found(&findings, "kvm.nx_huge_pages", "Y", FINDING_GOOD, "");
    assert_found(&findings, "kvm_intel.ept", "Y", FINDING_GOOD, "");
    assert_found(&findings, "kvm_intel.unrestricted_guest", "N", FINDING_BAD,
                 "options kvm_intel unrestricted_guest=1");
    assert_found(&findings, "kvm_intel.pml", "Y", FINDING_BETTER, "pml=0");
    assert_found(&findings, "kvm_intel.vmentry_l1d_flush", "always", FINDING_BETTER, "echo cond");
    assert_found(&findings, "debugfs", "off", FINDING_GOOD, "");
    host_findings_release(&findings);
}

static void explains_why_there_is_no_kvm(void **state)
{
    struct kvm_state kvm;
    struct host_findings findings = check("kvm-absent", &kvm);

    (void)state;
    assert_false(kvm.usable);
    assert_string_equal(kvm.module, "");
    assert_non_null(strstr(kvm.why_not, "kvm_amd is not loaded"));
    assert_found(&findings, "/dev/kvm", "absent", FINDING_BAD, "modprobe kvm_amd");
    host_findings_release(&findings);

    /* A host that tells nothing at all. */
    findings = check("empty", &kvm);
    assert_false(kvm.usable);
    assert_non_null(strstr(kvm.why_not, "does not tell"));
    host_findings_release(&findings);
}

static void put(const char *root, const char *name, const char *text, mode_t mode)
{
    char path[512];
    FILE *to;

    snprintf(path, sizeof(path), "%s/sys/module/kvm/%s", root, name);
    to = fopen(path, "w");
    assert_non_null(to);
    fputs(text, to);
    fclose(to);
    assert_int_equal(chmod(path, mode), 0);
}

static void assert_command(const char *root, const char *command)
{
    struct host_findings findings = {.items = NULL};
    struct kvm_state kvm;

    assert_int_equal(host_check_kvm(&findings, root, &kvm), 0);
    assert_found(&findings, "kvm.halt_poll_ns", "200000", FINDING_BETTER, command);
    host_findings_release(&findings);
}

/* A parameter that can be read only is set when the module is loaded, or when the kernel that has it is
 * started. */
static void says_where_a_parameter_is_set(void **state)
{
    char root[] = "/tmp/mvm-check-XXXXXX", command[512];

    (void)state;
    assert_non_null(mkdtemp(root));
    snprintf(command, sizeof(command), "mkdir -p %s/sys/module/kvm/parameters", root);
    assert_int_equal(system(command), 0);
    put(root, "parameters/halt_poll_ns", "200000\n", 0444);
    assert_command(root, "add kvm.halt_poll_ns=0 to the kernel's command line");
    put(root, "initstate", "live\n", 0444);
    assert_command(root, "echo options kvm halt_poll_ns=0 >/etc/modprobe.d/");
    snprintf(command, sizeof(command), "%s/sys/module/kvm/parameters/halt_poll_ns", root);
    assert_int_equal(chmod(command, 0644), 0);
    assert_command(root, "echo 0 >/sys/module/kvm/parameters/halt_poll_ns");
    snprintf(command, sizeof(command), "rm -rf %s", root);
    assert_int_equal(system(command), 0);
}

static void judges_what_is_not_kvm(void **state)
{
    struct host_findings findings = check_rest("tight");

    (void)state;
    assert_found(&findings, "memory", "7.63 GiB, 5.72 GiB available", FINDING_GOOD, "");
    assert_found(&findings, "swap", "1.91 GiB, 1.43 GiB free", FINDING_GOOD, "");
    assert_found(&findings, "zram0", "4.00 GiB, zstd", FINDING_GOOD, "");
    assert_null(find(&findings, "vda"));
    assert_found(&findings, "vm.overcommit_memory", "2, never", FINDING_BAD,
                 "sysctl -w vm.overcommit_memory=0");
    assert_found(&findings, "transparent huge pages", "always", FINDING_GOOD, "");
    assert_found(&findings, "ksm", "on", FINDING_GOOD, "");
    assert_found(&findings, "frequency governor", "powersave", FINDING_BETTER, "scaling_governor");
    assert_found(&findings, "energy policy", "balance_power", FINDING_BETTER,
                 "energy_performance_preference");
    /* Of the group above this process's own. */
    assert_found(&findings, "cpu.cfs_quota_us of /box", "1.50 CPUs", FINDING_BETTER, "/box/cpu.cfs_quota_us");
    assert_found(&findings, "mitigations", "1 needless, 1 at work, 1 lacking", FINDING_BETTER, "");
    assert_found(&findings, "ulimit -n", "1024, at most 1048576", FINDING_GOOD, "");
    assert_found(&findings, "inotify instances", "128", FINDING_GOOD, "");
    assert_found(&findings, "inotify watches", "8192", FINDING_GOOD, "");
    assert_found(&findings, "local ports", "32768 to 60999: 28232", FINDING_GOOD, "");
    assert_found(&findings, "loopback addresses", "down", FINDING_BETTER, "ip link set lo up");
    host_findings_release(&findings);
}

static void leaves_out_what_a_host_does_not_tell(void **state)
{
    struct host_findings findings = check_rest("empty");

    (void)state;
    assert_null(find(&findings, "memory"));
    assert_null(find(&findings, "vm.overcommit_memory"));
    assert_null(find(&findings, "mitigations"));
    assert_null(find(&findings, "local ports"));
    assert_found(&findings, "frequency governor", "none", FINDING_GOOD, "");
    host_findings_release(&findings);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_an_amd_host),
        cmocka_unit_test(judges_an_intel_host),
        cmocka_unit_test(explains_why_there_is_no_kvm),
        cmocka_unit_test(says_where_a_parameter_is_set),
        cmocka_unit_test(judges_what_is_not_kvm),
        cmocka_unit_test(leaves_out_what_a_host_does_not_tell),
    };

    return cmocka_run_group_tests_name("host_check", tests, NULL, NULL);
}
