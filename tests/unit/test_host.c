/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The readers of /proc and /sys, on canned trees, and the arithmetic made from two readings. */
#include "base/clock.h"
#include "base/reason.h"
#include "host/cgroup.h"
#include "host/fingerprint.h"
#include "host/procfile.h"
#include "host/reading.h"
#include "host/resource.h"
#include "host/survive.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "near.h"

#define KIB UINT64_C(1024)

static const char *canned(const char *host)
{
    static char path[4096];
    const char *data = getenv("MVM_TEST_DATA");

    snprintf(path, sizeof(path), "%s/host-%s", data ? data : "tests/unit/data", host);
    return path;
}

static struct host_reading reading_of(const char *host, bool maps)
{
    struct sampler *sampler = NULL;
    struct host_reading reading;
    struct reason reason = {""};

    assert_int_equal(sampler_open(&sampler, canned(host), &reason), 0);
    sampler_watch_own(sampler, maps);
    /* The second reading of the same sampler must be like the first. */
    assert_int_equal(sampler_read(sampler, &reading, &reason), 0);
    assert_int_equal(sampler_read(sampler, &reading, &reason), 0);
    sampler_close(sampler);
    return reading;
}

static void reads_a_whole_host(void **state)
{
    struct host_reading r = reading_of("swap-psi", true);
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

    (void)state;
    assert_int_equal(r.cpus, 2);
    assert_int_equal(r.cpu.user, 800); /* guest time is taken out */
    assert_int_equal(r.cpu.nice, 80);
    assert_int_equal(r.cpu.guest, 220);
    assert_int_equal(r.cpu.system, 2000);
    assert_int_equal(r.cpu.idle, 80000);
    assert_int_equal(r.cpu.iowait, 500);
    assert_int_equal(r.cpu.irq, 30);
    assert_int_equal(r.cpu.softirq, 70);
    assert_int_equal(r.cpu.steal, 40);
    assert_int_equal(r.memory.total, 8000000 * KIB);
    assert_int_equal(r.memory.available, 6000000 * KIB);
    assert_int_equal(r.memory.free, 5000000 * KIB);
    assert_int_equal(r.memory.file_cache, 950000 * KIB);
    assert_int_equal(r.memory.file_lists, 900000 * KIB);
    assert_int_equal(r.memory.reclaimable, 210000 * KIB);
    assert_int_equal(r.memory.secondary_page_tables, 3000 * KIB);
    assert_int_equal(r.memory.swap_free, 1500000 * KIB);
    assert_int_equal(r.memory.watermark_low, 1072 * page);
    assert_int_equal(r.memory.free_lists, 730 * page);
    assert_true(r.pressure.known);
    assert_int_equal(r.pressure.cpu_some, 100);
    assert_int_equal(r.pressure.memory_full, 150);
    assert_int_equal(r.pressure.io_some, 300);
    assert_int_equal(r.swapped_in_pages, 11);
    assert_int_equal(r.swapped_out_pages, 22);
    assert_int_equal(r.oom_kills, 3);
    assert_int_equal(r.tasks, 321);
    assert_int_equal(r.files_open, 1234);
    assert_int_equal(r.own_files, 5);
    assert_int_equal(r.own_maps, 3);
    assert_int_equal(r.own_memory, (150000 + 2000 + 480) * KIB); /* not what is shared with files */
    assert_true(r.own_cpu_ns > 0);
    assert_int_equal(r.cgroup_pids, 0);
}

static void counts_whole_disks_and_real_interfaces(void **state)
{
    struct host_reading r = reading_of("swap-psi", false);

    (void)state;
    assert_int_equal(r.disk.disks, 2); /* no loop, partition or device-mapper */
    assert_int_equal(r.disk.reads, 110);
    assert_int_equal(r.disk.writes, 55);
    assert_int_equal(r.disk.read_bytes, 2080 * 512);
    assert_int_equal(r.disk.written_bytes, 1040 * 512);
    assert_int_equal(r.disk.busy_ms[0], 45);
    assert_int_equal(r.disk.busy_ms[1], 5);
    assert_int_equal(r.network.received_bytes, 3000); /* also where no blank follows the colon */
    assert_int_equal(r.network.sent_packets, 12);
    assert_int_equal(r.network.loopback_packets, 29);
    assert_int_equal(r.network.link_count, 1); /* wlan0 tells -1, and br0 has no device */
    assert_int_equal(r.network.links[0].received_bytes, 1000);
    assert_int_equal(r.network.links[0].sent_bytes, 500);
    assert_int_equal(r.network.links[0].bits_per_second, 1000000000);
    assert_true(r.sockets.known);
    assert_int_equal(r.sockets.used, 617);
    assert_int_equal(r.sockets.tcp_memory_pages, 353);
    assert_int_equal(r.sockets.tcp_time_wait, 41);
    assert_int_equal(r.own_maps, 0); /* not asked for */
    assert_int_equal(r.own_memory, 0);
    assert_int_equal(r.own_cpu_ns, 0);
}

static void reads_an_old_kernel(void **state)
{
    struct host_reading r = reading_of("old-kernel", false);

    (void)state;
    assert_false(r.pressure.known);
    assert_int_equal(r.memory.secondary_page_tables, 0);
    assert_int_equal(r.memory.swap_total, 0);
    assert_int_equal(r.memory.reclaimable, 200000 * KIB); /* SReclaimable stands in */
    assert_int_equal(r.disk.disks, 0);
    assert_int_equal(r.tasks, 321);
}

static void refuses_broken_files(void **state)
{
    static const struct {
        const char *host;
        int error;
        const char *says;
    } cases[] = {
        {"nowhere", -ENOENT, "/proc/stat"},
        {"empty", -EBADMSG, "/proc/stat lacks"},
        {"garbage", -EBADMSG, "/proc/stat lacks"},
        {"truncated", -EBADMSG, "MemAvailable"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sampler *sampler = NULL;
        struct host_reading reading = {.tasks = 7};
        struct reason reason = {""};
        struct host_limits limits;
        struct host_fingerprint fingerprint;
        int error = sampler_open(&sampler, canned(cases[i].host), &reason);

        if (!error)
            error = sampler_read(sampler, &reading, &reason);
        sampler_close(sampler);
        assert_int_equal(error, cases[i].error);
        assert_non_null(strstr(reason.text, cases[i].says));
        assert_int_equal(reading.tasks, 7); /* untouched */
        assert_int_equal(host_limits_read(&limits, canned(cases[i].host), NULL), cases[i].error);
        host_fingerprint(&fingerprint, canned(cases[i].host));
        assert_false(host_vmalloc_holds_stacks(canned(cases[i].host)));
    }
}

static void garbage_in_what_may_lack_reads_as_nothing(void **state)
{
    struct host_reading r = reading_of("garbage-optional", true);
    struct host_fingerprint fingerprint;
    struct host_limits limits;

    (void)state;
    assert_int_equal(r.memory.total, 8000000 * KIB);
    assert_int_equal(r.tasks, 0);
    assert_int_equal(r.network.received_bytes, 0);
    assert_false(r.sockets.known || r.network.link_count);
    assert_false(r.pressure.known);
    assert_int_equal(host_limits_read(&limits, canned("garbage-optional"), NULL), 0);
    assert_int_equal(limits.cgroup_pids, 0);
    host_fingerprint(&fingerprint, canned("garbage-optional"));
    assert_int_equal(fingerprint.cpus, 2);
}

static void reads_limits(void **state)
{
    struct host_limits limits;

    (void)state;
    assert_int_equal(host_limits_read(&limits, canned("swap-psi"), NULL), 0);
    assert_int_equal(limits.cpus, 2);
    assert_int_equal(limits.memory_total, 8000000 * KIB);
    assert_int_equal(limits.swap_total, 2000000 * KIB);
    assert_int_equal(limits.tasks, 32768); /* pid_max is below threads-max */
    assert_int_equal(limits.files, 800000);
    assert_int_equal(limits.own_files, 1024);
    assert_int_equal(limits.own_maps, 65530);
    assert_int_equal(limits.cgroup_pids, 0);
}

static void finds_the_tightest_cgroup(void **state)
{
    struct cgroup_limits v1, v2, none;

    (void)state;
    cgroup_limits_read(&v1, canned("cgroup-v1"));
    assert_int_equal(v1.memory_bytes, UINT64_C(1) << 30); /* the parent's */
    assert_true(v1.cpus == 1.5);
    assert_int_equal(v1.pids, 500); /* the mount shows the tree from the group on, as in a container */
    assert_int_equal(reading_of("cgroup-v1", false).cgroup_pids, 42);

    cgroup_limits_read(&v2, canned("cgroup-v2"));
    assert_int_equal(v2.memory_bytes, UINT64_C(1) << 31); /* the process's own */
    assert_true(v2.cpus == 0.5);
    assert_int_equal(v2.pids, 300); /* the parent's, and so is the count */
    assert_int_equal(reading_of("cgroup-v2", false).cgroup_pids, 250);

    cgroup_limits_read(&none, canned("swap-psi"));
    assert_int_equal(none.memory_bytes + none.pids, 0);
    assert_true(none.cpus == 0);
}

static void knows_whether_vmalloc_holds_stacks(void **state)
{
    (void)state;
    assert_true(host_vmalloc_holds_stacks(canned("swap-psi")));
    assert_false(
        host_vmalloc_holds_stacks(canned("old-kernel"))); /* configured, but VmallocUsed is not counted */
    assert_true(host_vmalloc_holds_stacks(canned("cgroup-v1"))); /* no configuration to read */
}

static void takes_a_fingerprint(void **state)
{
    static struct host_fingerprint f, g;

    (void)state;
    host_fingerprint(&f, canned("swap-psi"));
    assert_string_equal(f.cpu_model, "Example CPU @ 2.00GHz");
    assert_string_equal(f.kernel, "Linux 6.1.0-18-amd64 #1 SMP");
    assert_string_equal(f.kernel_command_line, "root=/dev/vda1 quiet");
    assert_string_equal(f.hypervisor, "unknown"); /* a flag says that there is one */
    assert_int_equal(f.mitigation_count, 2);
    assert_string_equal(f.mitigations[0].name, "l1tf");
    assert_string_equal(f.mitigations[1].state, "Mitigation: PTI");
    assert_string_equal(f.frequency_governor, "performance");
    assert_string_equal(f.ksm, "on");
    assert_string_equal(f.thp, "madvise");
    assert_false(f.emulated);

    g = f;
    text_copy(g.kernel_command_line, sizeof(g.kernel_command_line), "other");
    g.memory_bytes += 4096;
    assert_true(host_fingerprint_alike(&f, &g));
    text_copy(g.mitigations[0].state, sizeof(g.mitigations[0].state), "Vulnerable");
    assert_false(host_fingerprint_alike(&f, &g));

    host_fingerprint(&g, canned("old-kernel"));
    assert_string_equal(g.cpu_model, "unknown");
    assert_string_equal(g.frequency_governor, "none");
    assert_string_equal(g.ksm, "absent");
    assert_string_equal(g.thp, "absent");
    assert_false(host_fingerprint_alike(&f, &g));

    host_fingerprint(&f, canned("cgroup-v2"));
    assert_int_equal(f.cgroup_memory_bytes, UINT64_C(1) << 31);
    assert_true(f.cgroup_cpus == 0.5);
    assert_int_equal(f.cgroup_pids, 300);
}

/* One second on two CPUs of which 140 of 200 ticks were idle, though the tick saw only 20 of the other 60 at
 * work. */
static void busy_is_what_was_not_idle(void **state)
{
    struct host_reading a = reading_of("swap-psi", false), b = a;
    struct host_limits limits = {.cpus = 2};
    struct host_usage u;

    (void)state;
    b.at_ns = a.at_ns + NS_PER_SECOND;
    b.cpu.idle += 130;
    b.cpu.iowait += 10;
    b.cpu.steal += 10;
    b.cpu.user += 5;
    b.cpu.guest += 5;
    b.cpu.system += 7;
    b.cpu.softirq += 3;
    host_usage(&a, &b, &limits, NULL, NULL, &u);
    assert_near(u.cpu_busy, 25, 1e-9);
    assert_near(u.cpu_user, 12.5, 1e-9);
    assert_near(u.cpu_system, 8.75, 1e-9);
    assert_near(u.cpu_interrupt, 3.75, 1e-9);
    assert_near(u.cpu_steal, 5, 1e-9);
    assert_near(u.cpu_ticks, 100.0 * 20 / 170, 1e-9);
    assert_near(u.percent[RESOURCE_CPU], 25, 1e-9);

    b.cpu.idle += 1000; /* more idle than time went by, as a counter's step can look */
    host_usage(&a, &b, &limits, NULL, NULL, &u);
    assert_true(u.cpu_busy == 0);

    host_usage(&a, &a, &limits, NULL, NULL, &u); /* no time at all */
    assert_true(u.cpu_busy == 0 && u.disk_bytes == 0);
}

static void percentages_of_host_and_share(void **state)
{
    struct host_reading a = reading_of("swap-psi", false), b = a;
    struct host_limits limits = {
        .cpus = 2, .tasks = 1000, .cgroup_pids = 100, .files = 2468, .own_files = 10};
    struct host_baseline baseline = {.reading = a, .cpu_busy = 5};
    struct host_share share = {.memory_bytes = 1000000 * KIB, .cpus = 0.5};
    struct host_usage u;

    (void)state;
    b.at_ns = a.at_ns + 2 * NS_PER_SECOND;
    b.cpu.idle += 340; /* of 400: 15 % busy */
    b.memory.available -= 500000 * KIB;
    b.disk.busy_ms[1] += 500;
    b.disk.read_bytes += 2048;
    b.pressure.memory_full += 200000;
    b.tasks = 321;
    b.cgroup_pids = 40;
    b.own_maps = 0;

    host_usage(&a, &b, &limits, &baseline, &(struct host_share){0}, &u);
    assert_near(u.percent[RESOURCE_CPU], 15, 1e-9);
    /* Free pages in the CPUs' own lists count as available: 730 of them in this tree. */
    assert_near(u.percent[RESOURCE_MEMORY],
                31.25 - 100.0 * 730 * (double)sysconf(_SC_PAGESIZE) / (double)b.memory.total, 1e-9);
    assert_near(u.percent[RESOURCE_SWAP], 25, 1e-9);
    assert_near(u.percent[RESOURCE_PRESSURE], 10, 1e-9);
    assert_near(u.percent[RESOURCE_PIDS], 40, 1e-9);
    assert_near(u.percent[RESOURCE_FILES], 50, 1e-9);
    assert_near(u.percent[RESOURCE_DISK], 25, 1e-9);
    assert_false(u.known[RESOURCE_MAPS]);
    assert_near(u.disk_bytes, 1024, 1e-9);
    assert_near(u.memory_taken_bytes, 500000.0 * 1024, 1e-3);

    host_usage(&a, &b, &limits, &baseline, &share, &u);
    assert_near(u.percent[RESOURCE_CPU], 40, 1e-9); /* 10 points of 2 CPUs, of half a CPU */
    assert_near(u.percent[RESOURCE_MEMORY], 50, 1e-9);

    /* Of this process: only where it was read. */
    assert_false(u.own_known);
    b.own_cpu_ns = a.own_cpu_ns + NS_PER_SECOND; /* of 2 s on 2 CPUs */
    b.own_memory = a.own_memory + 12345;
    host_usage(&a, &b, &limits, &baseline, NULL, &u);
    assert_true(u.own_known);
    assert_near(u.own_cpu, 25, 1e-9);
    assert_near(u.own_memory_bytes, 12345, 1e-9);

    struct host_reading old = reading_of("old-kernel", false);

    host_usage(&old, &old, &limits, NULL, NULL, &u);
    assert_false(u.known[RESOURCE_SWAP] || u.known[RESOURCE_PRESSURE] || u.known[RESOURCE_DISK]);
}

static void percentages_of_capacities(void **state)
{
    struct host_reading a = reading_of("swap-psi", false), b = a;
    struct host_limits limits = {.cpus = 2, .files = 2468, .tcp_memory_pages = 706};
    struct host_share share = {.network_bits = 100000, .disk_bytes = 4096, .disk_operations = 1000};
    struct host_usage u;

    (void)state;
    b.at_ns = a.at_ns + 2 * NS_PER_SECOND;
    b.network.received_bytes += 5000; /* 20,000 bits a second */
    b.network.sent_bytes += 10000;    /* 40,000 */
    b.network.links[0].received_bytes += 25000000;
    b.network.loopback_bytes += 6000;
    b.network.loopback_packets += 60;
    b.disk.read_bytes += 2048;
    b.disk.written_bytes += 2048;
    b.disk.reads += 100;
    b.disk.busy_ms[0] += 1000;

    host_usage(&a, &b, &limits, NULL, &share, &u);
    assert_true(u.known[RESOURCE_NETWORK] && u.known[RESOURCE_SOCKETS] && u.known[RESOURCE_DISK]);
    assert_near(u.percent[RESOURCE_NETWORK], 40, 1e-9); /* the busier direction */
    assert_near(u.percent[RESOURCE_DISK], 50, 1e-9);    /* 2,048 bytes a second of 4,096 */
    assert_near(u.percent[RESOURCE_SOCKETS], 50, 1e-9); /* TCP's memory; the sockets make 25 % of the files */
    assert_near(u.network_bytes, 7500, 1e-9);
    assert_near(u.loopback_bytes, 3000, 1e-9);
    assert_near(u.loopback_packets, 30, 1e-9);
    assert_near(u.disk_busy, 50, 1e-9);
    assert_near(u.sockets, 617, 1e-9);
    assert_false(u.known[RESOURCE_LATENCY]);

    share = (struct host_share){.disk_operations = 100};
    limits.tcp_memory_pages = 0;
    host_usage(&a, &b, &limits, NULL, &share, &u);
    assert_near(u.percent[RESOURCE_DISK], 50, 1e-9);    /* 50 operations a second */
    assert_near(u.percent[RESOURCE_NETWORK], 10, 1e-9); /* 100 Mbit/s of the link's 1,000 */
    assert_near(u.percent[RESOURCE_SOCKETS], 25, 1e-9);

    a.network.link_count = b.network.link_count = 0;
    host_usage(&a, &b, &limits, NULL, NULL, &u);
    assert_false(u.known[RESOURCE_NETWORK]);
    assert_near(u.percent[RESOURCE_DISK], 50, 1e-9); /* of the time */
    assert_near(u.network_bytes, 7500, 1e-9);

    assert_int_equal(host_limits_read(&limits, canned("swap-psi"), NULL), 0);
    assert_int_equal(limits.tcp_memory_pages, 575802);
    assert_int_equal(limits.link_bits, 1000000000);
}

static void accounts_for_memory(void **state)
{
    struct host_memory empty = reading_of("swap-psi", false).memory, now = empty;
    struct memory_accounting m;

    (void)state;
    now.anonymous += 1000 * KIB;
    now.kernel_stacks += 64 * KIB;
    now.vmalloc += 80 * KIB;
    now.slab_unreclaimable += 40 * KIB;
    now.file_cache += 30 * KIB; /* locked: on no list */
    now.free_lists -= 20 * KIB;
    now.available -= 1200 * KIB;
    memory_account(&empty, &now, true, &m);
    assert_near(m.taken, 1220.0 * 1024, 0.1);
    assert_near(m.vmalloc, 16.0 * 1024, 0.1);
    assert_near(m.slab, 40.0 * 1024, 0.1);
    assert_near(m.file_cache, 30.0 * 1024, 0.1);
    assert_near(m.unexplained, (1220.0 - 1000 - 64 - 16 - 40 - 30) * 1024, 0.1);
    memory_account(&empty, &now, false, &m);
    assert_near(m.vmalloc, 80.0 * 1024, 0.1);
}

/* The formula of the kernel, si_mem_available(): what is free and half of a cache that is small against the
 * watermark. */
static void half_of_a_small_cache_is_taken(void **state)
{
    struct host_memory empty = {.watermark_low = 1000, .available = 10000}, now = empty;
    struct memory_accounting m;

    (void)state;
    now.file_cache = now.file_lists = 800;
    now.slab_reclaimable = now.reclaimable = 3000;
    now.available = 10000 - 400 - 1000;
    memory_account(&empty, &now, false, &m);
    assert_near(m.file_cache, 400, 1e-9);
    assert_near(m.slab, 1000, 1e-9);
    assert_near(m.unexplained, 0, 1e-9);
}

static void numbers_and_lines(void **state)
{
    const char *at = " 12 18446744073709551616";
    uint64_t number = 0;

    (void)state;
    assert_true(text_number(&at, &number));
    assert_int_equal(number, 12);
    assert_false(text_number(&at, &number)); /* 2^64 */
    assert_int_equal(number, 12);
    assert_null(text_after("cpu", "cpux"));
    assert_string_equal(resource_name(RESOURCE_PRESSURE), "pressure");
    for (int r = 0; r < RESOURCE_COUNT; r++)
        assert_non_null(resource_name((enum resource)r));
}

static bool gather(void *context, const char *line)
{
    char *all = context;

    strcat(strcat(all, line), "|");
    return true;
}

static void lines_over_the_buffers_end(void **state)
{
    char name[] = "/tmp/mvm-test-XXXXXX", buffer[8], all[64] = "";
    int fd = mkstemp(name);
    static const char text[] = "ab\ncdef\n0123456789abc\n\nx\nlast";

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (int)strlen(text));
    assert_int_equal(procfile_each_line(fd, buffer, sizeof(buffer), gather, all), 0);
    assert_string_equal(all, "ab|cdef|0123456||x|last|"); /* the long line is cut, and no line is lost */
    close(fd);
    unlink(name);
}

static void reads_this_host(void **state)
{
    struct sampler *sampler = NULL;
    struct host_reading a, b;
    struct host_limits limits;
    struct host_usage usage;
    struct reason reason = {""};

    (void)state;
    assert_int_equal(sampler_open(&sampler, "", &reason), 0);
    sampler_watch_own(sampler, true);
    sampler_refresh(sampler);
    assert_int_equal(sampler_read(sampler, &a, &reason), 0);
    int fd = dup(0);

    clock_sleep_until(clock_now_ns() + 50 * NS_PER_MILLISECOND);
    assert_int_equal(sampler_read(sampler, &b, &reason), 0);
    assert_int_equal(b.own_files, a.own_files + (fd >= 0));
    assert_true(b.own_maps > 5 && b.tasks > 0 && b.memory.total > b.memory.available);
    assert_true(b.at_ns > a.at_ns);
    assert_int_equal(host_limits_read(&limits, "", &reason), 0);
    host_usage(&a, &b, &limits, NULL, NULL, &usage);
    assert_true(usage.cpu_busy >= 0 && usage.cpu_busy <= 100);
    close(fd);
    sampler_close(sampler);
    sampler_close(NULL);
}

static void survives(void **state)
{
    struct host_limits limits = {.memory_total = UINT64_C(100) << 30};
    struct reason reason = {""};
    uint64_t files;

    (void)state;
    assert_int_equal(host_memory_floor(&limits), (UINT64_C(100) << 30) / 50);
    limits.memory_total = UINT64_C(2) << 30;
    assert_int_equal(host_memory_floor(&limits), UINT64_C(256) << 20);
    limits.memory_total = UINT64_C(512) << 20;
    assert_int_equal(host_memory_floor(&limits), UINT64_C(128) << 20);

    assert_int_equal(host_raise_file_limit(1, &files, &reason), 0); /* never lowers */
    assert_true(files > 1);
    assert_int_equal(host_raise_file_limit(UINT64_MAX - 1, &files, &reason), -EPERM);
    assert_non_null(strstr(reason.text, "files"));
}

/* In a child: the adjustments are not taken back. */
static void protects_and_exposes(void **state)
{
    pid_t child = fork();
    int status;

    (void)state;
    if (child == 0) {
        struct reason reason = {""};
        int adjustment = 77, error = host_protect_self(&adjustment, &reason);
        char text[16] = "";
        bool right = error ? error == -EPERM && reason.text[0] && adjustment != 77 : adjustment == -1000;

        right = right && host_expose_process(0) == 0 &&
                procfile_text("", "/proc/self/oom_score_adj", text, sizeof(text)) == 0 &&
                !strcmp(text, "1000");
        right = right && host_expose_process(getpid()) == 0 && host_expose_process(-1) == -EINVAL;
        _exit(right ? 0 : 1);
    }
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_whole_host),
        cmocka_unit_test(counts_whole_disks_and_real_interfaces),
        cmocka_unit_test(reads_an_old_kernel),
        cmocka_unit_test(refuses_broken_files),
        cmocka_unit_test(garbage_in_what_may_lack_reads_as_nothing),
        cmocka_unit_test(reads_limits),
        cmocka_unit_test(finds_the_tightest_cgroup),
        cmocka_unit_test(knows_whether_vmalloc_holds_stacks),
        cmocka_unit_test(takes_a_fingerprint),
        cmocka_unit_test(busy_is_what_was_not_idle),
        cmocka_unit_test(percentages_of_host_and_share),
        cmocka_unit_test(percentages_of_capacities),
        cmocka_unit_test(accounts_for_memory),
        cmocka_unit_test(half_of_a_small_cache_is_taken),
        cmocka_unit_test(numbers_and_lines),
        cmocka_unit_test(lines_over_the_buffers_end),
        cmocka_unit_test(reads_this_host),
        cmocka_unit_test(survives),
        cmocka_unit_test(protects_and_exposes),
    };

    return cmocka_run_group_tests_name("host", tests, NULL, NULL);
}
