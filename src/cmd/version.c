/* SPDX-License-Identifier: GPL-3.0-or-later */
/* mvm --version: what this program is and what it was built with. Libraries tell their versions themselves,
 * as they are at run time; one that does not is told as it was when this was built. */
#include "build_facts.h"
#include "cmd/cmd.h"
#include "engine/engine.h"
#include "result/json.h"

#include <capstone/capstone.h>
#include <gnu/libc-version.h>
#include <gsl/gsl_version.h>
#include <http_parser.h>
#include <linux/version.h>
#include <nettle/version.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#define TEXT_ROOM 64

#ifdef __clang__
#define COMPILER "Clang " __clang_version__
#else
#define COMPILER "GCC " __VERSION__
#endif

static void tell_capstone(char *ret_text)
{
    int major, minor;

    cs_version(&major, &minor);
    snprintf(ret_text, TEXT_ROOM, "%d.%d", major, minor);
}

static void tell_glibc(char *ret_text)
{
    snprintf(ret_text, TEXT_ROOM, "%s", gnu_get_libc_version());
}

static void tell_gsl(char *ret_text)
{
    snprintf(ret_text, TEXT_ROOM, "%s", gsl_version);
}

static void tell_http_parser(char *ret_text)
{
    unsigned long version = http_parser_version();

    snprintf(ret_text, TEXT_ROOM, "%lu.%lu.%lu", version >> 16 & 255, version >> 8 & 255, version & 255);
}

static void tell_jansson(char *ret_text)
{
    snprintf(ret_text, TEXT_ROOM, "%s", jansson_version_str());
}

static void tell_nettle(char *ret_text)
{
    snprintf(ret_text, TEXT_ROOM, "%d.%d", nettle_version_major(), nettle_version_minor());
}

static void tell_zlib(char *ret_text)
{
    snprintf(ret_text, TEXT_ROOM, "%s", zlibVersion());
}

static const struct {
    const char *name;
    void (*tell)(char *ret_text); /* NULL: it does not tell */
    const char *built_with;       /* of one that does not; NULL: not known */
} libraries[] = {{"glibc", tell_glibc, NULL},      {"capstone", tell_capstone, NULL},
                 {"gsl", tell_gsl, NULL},          {"http-parser", tell_http_parser, NULL},
                 {"jansson", tell_jansson, NULL},  {"nettle", tell_nettle, NULL},
                 {"popt", NULL, MVM_POPT_VERSION}, {"x86emu", NULL, NULL},
                 {"zlib", tell_zlib, NULL},        MVM_FEATURE_LIBRARIES};

static json_t *library_versions(void)
{
    json_t *versions = json_object();

    for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); i++) {
        char text[TEXT_ROOM] = "";

        if (libraries[i].tell)
            libraries[i].tell(text);
        else if (libraries[i].built_with)
            snprintf(text, sizeof(text), "%s", libraries[i].built_with);
        json_object_set_new(versions, libraries[i].name, result_json_text_or_null(text));
    }
    return versions;
}

static json_t *engine_names(void)
{
    json_t *names = json_array();
    size_t count;
    const struct engine *const *engines = engine_table(&count);

    for (size_t i = 0; i < count; i++)
        if (!engines[i]->left_out)
            json_array_append_new(names, json_string(engines[i]->name));
    return names;
}

static json_t *facts(void)
{
    char kvm_header[TEXT_ROOM];

    snprintf(kvm_header, sizeof(kvm_header), "%d.%d", LINUX_VERSION_CODE >> 16,
             LINUX_VERSION_CODE >> 8 & 255);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "version", MVM_VERSION, "compiler", COMPILER,
                     "architecture", MVM_ARCHITECTURE, "flags", MVM_FLAGS, "linking", MVM_LINKING,
                     "kvm_header", kvm_header, "engines", engine_names(), "libraries", library_versions());
}

static void print_text(const json_t *root)
{
    const char *name, *between = "";
    json_t *value;
    size_t i;

    printf("mvm %s\n", MVM_VERSION);
    printf("built with %s for %s, %s, %s\n", COMPILER, MVM_ARCHITECTURE, MVM_FLAGS, MVM_LINKING);
    printf("KVM by the header of Linux %s\n", json_string_value(json_object_get(root, "kvm_header")));
    printf("engines: ");
    json_array_foreach(json_object_get(root, "engines"), i, value)
        printf("%s%s", i ? ", " : "", json_string_value(value));
    printf("\nlibraries: ");
    json_object_foreach(json_object_get(root, "libraries"), name, value)
    {
        printf("%s%s%s%s", between, name, json_is_string(value) ? " " : "",
               json_is_string(value) ? json_string_value(value) : "");
        between = ", ";
    }
    putchar('\n');
}

int print_version(int argc, char **argv)
{
    bool json = argc == 2 && strcmp(argv[1], "--json") == 0;

    if (argc > 1 && !json) {
        fprintf(stderr,
                "mvm --version: '%s' is too much; 'mvm --version' and 'mvm --version --json' are right\n",
                argv[strcmp(argv[1], "--json") == 0 ? 2 : 1]);
        return EXIT_USAGE;
    }
    json_t *root = facts();

    if (!root) {
        fputs("mvm --version: out of memory\n", stderr);
        return EXIT_FAILED;
    }
    if (json) {
        json_dumpf(root, stdout, RESULT_JSON_FLAGS);
        putchar('\n');
    } else {
        print_text(root);
    }
    json_decref(root);
    return EXIT_DONE;
}
