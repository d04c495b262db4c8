/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The domain XML of the engine libvirt, and what its metadata say, from files and domains of anybody's. */
#include "base/file.h"
#include "base/reason.h"
#include "engine/engine.h"
#include "engine/libvirt_population.h"
#include "engine/process_population.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static struct libvirt_options options = {
    .uri = "test:///default", .accelerator = "tcg", .machine = "isapc", .memory_bytes = UINT64_C(1) << 20};

static char *fill(const char *template, const char *image)
{
    struct libvirt_maker maker = {.run = "a", .process = {.pid = 7, .started = 9, .boot = "b"}};
    const struct libvirt_domain domain = {
        .image_path = image, .serial_path = "/s", .maker = &maker, .vm = 12};

    return libvirt_domain_xml(&options, template, &domain);
}

static void words_are_replaced_and_other_braces_stay(void **state)
{
    static const struct {
        const char *template, *xml;
    } cases[] = {
        {"{name}", "mvm-a-12"},
        {"{run}/{vm}", "a/12"},
        {"{image}{serial}", "/i/s"},
        {"{type} {machine} {memory}", "qemu isapc 1024"},
        {"{}", "{}"},
        {"{ name}", "{ name}"},
        {"{{name}}", "{mvm-a-12}"},
        {"{name", "{name"},
        {"{NAME}", "{NAME}"},
        {"{", "{"},
        {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *xml = fill(cases[i].template, "/i");

        assert_string_equal(xml, cases[i].xml);
        free(xml);
    }
}

static void values_cannot_become_markup(void **state)
{
    (void)state;
    char *xml = fill("<a b='{image}'>{image}</a>", "/x'><evil y=\"&\"/>{name}");

    assert_string_equal(xml, "<a b='/x&apos;&gt;&lt;evil y=&quot;&amp;&quot;/&gt;{name}'>"
                             "/x&apos;&gt;&lt;evil y=&quot;&amp;&quot;/&gt;{name}</a>");
    free(xml);
}

static void metadata_are_read_as_written_and_nothing_else_is(void **state)
{
    static const char *const foreign[] = {
        "",
        "<mvm:run/>",
        "<mvm:run name='a'/>",
        "<mvm:run name='a' part='0' pid='1' started='2' boot='",
        "<mvm:run name=a pid=1 started=2 boot=3/>",
        "<mvm:run xname='a' xpid='1' xstarted='2' xboot='3'/>",
        "name='a'pid='1'started='2'boot='3'",
    };
    struct libvirt_maker self, maker = {.process.pid = -1};
    char xml[LIBVIRT_METADATA_ROOM], quoted[LIBVIRT_METADATA_ROOM], longer[2048];
    bool elsewhere;

    (void)state;
    libvirt_maker_self("a.b-c_1", &self);
    libvirt_maker_xml(&self, 3, xml);
    assert_true(libvirt_maker_parse(xml, &maker));
    assert_string_equal(maker.run, "a.b-c_1");
    assert_true(process_mark_lives(&maker.process, &elsewhere));
    assert_false(elsewhere);
    /* A number that another process got since. */
    maker.process.started++;
    assert_false(process_mark_lives(&maker.process, &elsewhere));
    assert_false(elsewhere);
    maker.process.pid = -3;
    assert_false(process_mark_lives(&maker.process, &elsewhere));
    maker.process.boot[0] ^= 1;
    assert_false(process_mark_lives(&maker.process, &elsewhere));
    assert_true(elsewhere);
    /* libvirt writes attributes in quotes of its own kind. */
    for (size_t i = 0; i <= strlen(xml); i++)
        quoted[i] = xml[i] == '\'' ? '"' : xml[i];
    assert_true(libvirt_maker_parse(quoted, &maker));
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
        assert_false(libvirt_maker_parse(foreign[i], &maker));
    snprintf(longer, sizeof(longer), "<mvm:run name='%01000d' part='0' pid='1' started='2' boot='3'/>", 0);
    assert_false(libvirt_maker_parse(longer, &maker));
}

/* Templates by chance: refused with a sentence, or filled; never more. */
static void any_file_is_a_template_or_refused(void **state)
{
    static const char *const pieces[] = {
        "{",      "}",         "{name}", "{metadata}", "{frob}", "<domain>", "&",
        "{image", "{serial}}", "'",      "\xff\xfe",   "\n",     "{memory}", ""};
    char path[] = "/tmp/mvm-test-XXXXXX";
    int fd = mkstemp(path);
    unsigned chance = 1, used = 0, refused = 0;

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    options.domain_xml = path;
    for (int turn = 0; turn < 500; turn++) {
        struct reason reason = {""};
        char text[512] = "", *template = NULL;

        for (int piece = 0; piece < 12; piece++) {
            chance = chance * 1103515245 + 12345;
            strcat(text, pieces[(chance >> 16) % (sizeof(pieces) / sizeof(pieces[0]))]);
        }
        assert_int_equal(file_replace(path, text, strlen(text), NULL), 0);
        int error = libvirt_template(&options, "TEST", &template, &reason);

        if (error) {
            assert_int_equal(error, -EINVAL);
            assert_null(template);
            assert_true(reason.text[0] != '\0');
            refused++;
            continue;
        }
        char *xml = fill(template, "/i");

        assert_non_null(xml);
        assert_null(strstr(xml, "{name}"));
        free(xml);
        free(template);
        used++;
    }
    options.domain_xml = NULL;
    unlink(path);
    assert_true(used > 0 && refused > 0);
}

static void addresses_tell_whose_host_they_are_of(void **state)
{
    static const struct {
        const char *uri;
        bool remote, ssh;
    } good[] = {
        {"qemu:///session", false, false},  {"qemu:///system", false, false},
        {"test:///default", false, false},  {"qemu+unix:///system?socket=/s", false, false},
        {"xen:///system", false, false},    {"qemu://h/s", true, false},
        {"qemu+ssh:///s", true, true},      {"qemu+ssh://u@h:22/s?keyfile=/k", true, true},
        {"qemu+libssh2://h/s", true, true}, {"qemu+tls://", true, false},
        {"qemu+tcp://h/s", true, false},    {"esx://h", true, false},
    };
    static const char *const bad[] = {
        "", "qemu", "://", "qemu:/session", "test+tcp://h/default", "test+unix:///default"};

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        const struct libvirt_options given = {.uri = good[i].uri};
        const struct libvirt_options socket = {.uri = good[i].uri, .serial = "socket"};
        char *unasking = libvirt_uri_unasking(good[i].uri);

        assert_int_equal(libvirt_options_check(&given, NULL), 0);
        assert_int_equal(libvirt_uri_is_remote(good[i].uri), good[i].remote);
        assert_int_equal(libvirt_has_streams(&given), good[i].remote);
        assert_int_equal(libvirt_uploads(&given), good[i].remote);
        assert_int_equal(libvirt_options_check(&socket, NULL),
                         good[i].remote || libvirt_uri_is_test(good[i].uri) ? -EINVAL : 0);
        assert_int_equal(strstr(unasking, "no_tty=1") != NULL, good[i].ssh);
        free(unasking);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(libvirt_options_check(&(struct libvirt_options){.uri = bad[i]}, NULL), -EINVAL);
    char *asked = libvirt_uri_unasking("qemu+ssh://h/s?no_tty=0");

    assert_string_equal(asked, "qemu+ssh://h/s?no_tty=0&no_tty=1");
    free(asked);
}

static void an_image_s_name_says_whose_it_is_and_other_names_do_not(void **state)
{
    static const char *const foreign[] = {
        "",
        "mvm-",
        "default",
        "mvm-a-7",
        "mvm-a-0-00000000-0000-0000-0000-000000000000-1-2-0-zz",
        "mvm-a-0-00000000-0000-0000-0000-000000000000-1-x-0-00000000",
        "mvm-a-0-00000000-0000-0000-0000-00000000000g-1-2-0-00000000",
        "mvm-0-00000000-0000-0000-0000-000000000000-1-2-0-00000000",
        "mvm--0-00000000-0000-0000-0000-000000000000-1-2-0-00000000",
        "----------------------------------------------------------",
    };
    char name[LIBVIRT_IMAGE_NAME_ROOM], longer[1024];
    struct libvirt_maker self, maker;
    bool elsewhere, here;

    (void)state;
    libvirt_maker_self("a.b-c_1-2", &self);
    self.part = 3;
    libvirt_image_name(&self, name);
    assert_true(libvirt_image_parse(name, &maker, &here));
    assert_string_equal(maker.run, "a.b-c_1-2");
    assert_int_equal(maker.part, 3);
    assert_true(process_mark_lives(&maker.process, &elsewhere));
    assert_false(elsewhere);
    assert_int_equal(here, access("/etc/machine-id", R_OK) == 0);
    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
        assert_false(libvirt_image_parse(foreign[i], &maker, &here));
    /* Another host, where the same number may be a process's as well. */
    assert_true(
        libvirt_image_parse("mvm-a-0-00000000-0000-0000-0000-000000000000-1-2-0-00000000", &maker, &here));
    assert_false(here);
    assert_false(process_mark_lives(&maker.process, &elsewhere));
    assert_true(elsewhere);
    snprintf(longer, sizeof(longer), "mvm-%0800d-0-00000000-0000-0000-0000-000000000000-1-2-0-00000000", 0);
    assert_false(libvirt_image_parse(longer, &maker, &here));
}

static void where_vms_are_is_told_for_another_host_only(void **state)
{
    const struct libvirt_options here = {.uri = "qemu:///system", .serial = "stream"},
                                 there = {.uri = "qemu+ssh://h/system"};
    const struct engine *engine = engine_variant(engine_find("libvirt"), &there);
    struct libvirt_population population = {.host = {.name = "h", .cpu_percent = NAN, .vcpus = 4}};
    struct processes processes = {.plan.context = &population, .counts.running = 3};
    struct engine_host *hosts = NULL;
    size_t count = 0;

    (void)state;
    assert_null(engine_variant(engine_find("libvirt"), &here)->hosts);
    assert_int_equal(engine->hosts(&processes.population, NULL, &hosts, &count, NULL), 0);
    assert_int_equal(count, 1);
    assert_string_equal(hosts->name, "h");
    assert_int_equal(hosts->vms, 3);
    assert_true(hosts->vcpus == 4 && isnan(hosts->cpu_percent));
    free(hosts);
}

/* Makes and ends domains on the mock driver, on all threads that the engine has: for the thread sanitizer. */
static void domains_come_and_go_on_the_mock_driver(void **state)
{
    const struct engine *engine = engine_find("libvirt");
    struct image image = {.guest = "x"};
    const struct engine_setup setup = {
        .image = &image, .image_path = "/nonexistent", .options = &options, .run_name = "unit"};
    struct population *population;
    struct engine_counts counts;
    struct reason reason = {""};

    (void)state;
    options.process = (struct process_options){.parallel = 12, .boot_timeout_ns = UINT64_C(60000000000)};
    engine = engine_variant(engine, &options);
    for (int turn = 0; turn < 2; turn++) {
        assert_int_equal(engine->open(&setup, &population, &reason), 0);
        assert_int_equal(engine->grow(population, 40, NULL, &reason), 0);
        engine->counts(population, &counts);
        assert_int_equal(counts.running, 40);
        /* A second one of the same run, as a mix of guests has. */
        struct population *other;

        assert_int_equal(engine->open(&setup, &other, &reason), 0);
        assert_int_equal(engine->grow(other, 1, NULL, &reason), 0);
        virConnectPtr connection = virConnectOpen("test:///default");

        /* One of somebody else's is in it from the start. */
        assert_int_equal(virConnectListAllDomains(connection, NULL, 0), 42);
        virDomainPtr domain = virDomainLookupByName(connection, "mvm-unit-17");

        assert_non_null(domain);
        /* It lives: its own process is the one that made it. */
        char words[ENGINE_SWEPT_ROOM];

        assert_int_equal(engine->sweep(&options, "unit", words, sizeof(words), &reason), -EBUSY);
        assert_string_equal(words, "");
        assert_int_equal(virDomainDestroy(domain), 0);
        virDomainFree(domain);
        for (int look = 0; look < 600 && engine->is_running(population, 17); look++) {
            engine->wait(population, 0);
            usleep(50000);
        }
        assert_false(engine->is_running(population, 17));
        engine->close(other);
        assert_int_equal(virConnectListAllDomains(connection, NULL, 0), 40);
        assert_int_equal(engine_end(population, &reason), 0);
        assert_int_equal(virConnectListAllDomains(connection, NULL, 0), 1);
        virConnectClose(connection);
    }
}

/* One that takes connections, and says nothing. */
static void a_silent_daemon_is_given_up(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char directory[] = "/tmp/mvm-test-XXXXXX", uri[200];
    struct reason reason = {""};
    virConnectPtr connection = NULL;
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)state;
    assert_non_null(mkdtemp(directory));
    snprintf(address.sun_path, sizeof(address.sun_path), "%s/s", directory);
    assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(listener, 8), 0);
    snprintf(uri, sizeof(uri), "qemu+unix:///session?socket=%s", address.sun_path);
    assert_int_equal(libvirt_connect_within(uri, 100000000, &connection, &reason), -ETIMEDOUT);
    assert_null(connection);
    assert_non_null(strstr(reason.text, "does not answer"));
    /* The thread that waits for it is freed by the end of the connection. */
    close(listener);
    unlink(address.sun_path);
    rmdir(directory);
}

/* The folders on the way to a directory let a user in, or the one that does not is named. */
static void who_may_enter_is_told(void **state)
{
    char directory[] = "/tmp/mvm-test-XXXXXX", inner[64];
    const uid_t other = geteuid() == 65534 ? 65533 : 65534;
    struct reason reason = {""};

    (void)state;
    assert_non_null(mkdtemp(directory));
    snprintf(inner, sizeof(inner), "%s/in", directory);
    assert_int_equal(mkdir(inner, 0711), 0);
    assert_int_equal(libvirt_reach(inner, geteuid(), &reason), 0);
    assert_int_equal(libvirt_reach(inner, other, &reason), -EACCES);
    assert_non_null(strstr(reason.text, directory));
    assert_null(strstr(reason.text, inner));
    assert_int_equal(chmod(directory, 0711), 0);
    assert_int_equal(libvirt_reach(inner, other, &reason), 0);
    assert_int_equal(chmod(inner, 0710), 0);
    assert_int_equal(libvirt_reach(inner, other, &reason), -EACCES);
    assert_non_null(strstr(reason.text, inner));
    assert_int_equal(libvirt_reach("/", other, &reason), 0);
    assert_int_equal(libvirt_reach("/nonexistent", other, &reason), -ENOENT);
    rmdir(inner);
    rmdir(directory);
}

static const char *fact(const struct result_facts *facts, const char *name)
{
    for (size_t i = 0; i < facts->count; i++)
        if (strcmp(facts->items[i].name, name) == 0)
            return facts->items[i].value;
    return NULL;
}

static void a_result_says_what_made_the_domains(void **state)
{
    const struct engine_setup setup = {.options = &options};
    struct result result;

    (void)state;
    result_init(&result);
    assert_int_equal(libvirt_describe(&setup, &result, NULL), 0);
    assert_string_equal(fact(&result.engine.options, "uri"), "test:///default");
    assert_non_null(fact(&result.engine.versions, "libvirt"));
    assert_int_equal(strlen(fact(&result.engine.binaries, "domain XML")), 64);
    result_release(&result);
}

static void the_documented_xml_is_what_is_used(void **state)
{
    char path[4096], *documented, *used;
    size_t length;

    (void)state;
    const char *data = getenv("MVM_TEST_DATA");

    snprintf(path, sizeof(path), "%s/../../../docs/libvirt-domain.xml", data ? data : "tests/unit/data");
    assert_int_equal(file_read(path, 65536, &documented, &length, NULL), 0);
    assert_int_equal(libvirt_template(&options, "QEMU", &used, NULL), 0);
    assert_string_equal(documented, used);
    free(documented);
    free(used);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_replaced_and_other_braces_stay),
        cmocka_unit_test(values_cannot_become_markup),
        cmocka_unit_test(metadata_are_read_as_written_and_nothing_else_is),
        cmocka_unit_test(any_file_is_a_template_or_refused),
        cmocka_unit_test(addresses_tell_whose_host_they_are_of),
        cmocka_unit_test(an_image_s_name_says_whose_it_is_and_other_names_do_not),
        cmocka_unit_test(where_vms_are_is_told_for_another_host_only),
        cmocka_unit_test(a_silent_daemon_is_given_up),
        cmocka_unit_test(who_may_enter_is_told),
        cmocka_unit_test(a_result_says_what_made_the_domains),
        cmocka_unit_test(the_documented_xml_is_what_is_used),
        cmocka_unit_test(domains_come_and_go_on_the_mock_driver),
    };

    return cmocka_run_group_tests_name("libvirt", tests, NULL, NULL);
}
