/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/manual.h"

#include "engine/engine.h"

#include <ctype.h>
#include <string.h>

/* Of the texts, not of the build, so that two builds make the same pages. */
#define MANUAL_DATE "2026-11-28"

const char *manual_name(const struct command *command, char name[MANUAL_NAME_ROOM])
{
    snprintf(name, MANUAL_NAME_ROOM, "mvm%s%s", command ? "-" : "", command ? command->name : "");
    for (char *c = name; *c; c++)
        if (*c == ' ')
            *c = '-';
    return name;
}

static void print_head(const char *name, const char *summary, FILE *to)
{
    fputs(".\\\" SPDX-License-Identifier: GPL-3.0-or-later\n.\\\" Made by 'mvm help --man'.\n.TH ", to);
    for (const char *c = name; *c; c++)
        fputc(toupper((unsigned char)*c), to);
    fprintf(to, " 1 %s \"mvm %s\" \"mvm manual\"\n.SH NAME\n", MANUAL_DATE, MVM_VERSION);
    fprintf(to, "%s \\- ", name);
    manual_literal(summary, to);
    fputs("\n", to);
}

/* A line with a hanging indent: "\fBmvm scale\fR [OPTIONS]". */
static void print_usage(const struct command *command, FILE *to)
{
    fputs(".SH SYNOPSIS\n", to);
    for (size_t i = 0; command->usage[i]; i++) {
        fprintf(to, "%s.HP 4\n\\fBmvm ", i ? "" : "");
        manual_literal(command->name, to);
        fputs("\\fR\n", to);
        if (*command->usage[i])
            manual_text(command->usage[i], to);
    }
}

static void print_default(const struct option_spec *spec, FILE *to)
{
    char line[256];

    if (spec->fallback) {
        snprintf(line, sizeof(line), "The default is %s.", spec->fallback);
        manual_text(line, to);
    }
    if (spec->kind == OPTION_LIST)
        fputs("May be repeated.\n", to);
}

static void print_range(const struct option_spec *spec, FILE *to)
{
    char line[256], least[SIZE_TEXT_ROOM], most[SIZE_TEXT_ROOM];

    if (spec->kind == OPTION_CHOICE) {
        fputs("One of", to);
        for (size_t i = 0; spec->choices[i]; i++) {
            fprintf(to, "%s\n\\fB", i ? "," : "");
            manual_literal(spec->choices[i], to);
            fputs("\\fR", to);
        }
        fputs(".\n", to);
    }
    if (spec->least == 0 && spec->most == 0)
        return;
    if (spec->kind == OPTION_SIZE)
        snprintf(line, sizeof(line), "From %s to %s.", size_text(spec->least, least),
                 size_text(spec->most, most));
    else
        snprintf(line, sizeof(line), "From %.16g to %.16g%s.", spec->least, spec->most,
                 spec->kind == OPTION_DURATION  ? " seconds"
                 : spec->kind == OPTION_PERCENT ? " percent"
                                                : "");
    manual_text(line, to);
}

static void print_option(const struct option_spec *spec, FILE *to)
{
    char sentence[1024];

    fputs(".TP\n\\fB\\-\\-", to);
    manual_literal(spec->name, to);
    fputs("\\fR", to);
    if (spec->argument) {
        fputs(" \\fI", to);
        manual_literal(spec->argument, to);
        fputs("\\fR", to);
    }
    fputc('\n', to);
    /* "web: ..." begins with the name of a guest. */
    bool named = spec->help[strcspn(spec->help, " :")] == ':';

    snprintf(sentence, sizeof(sentence), "%c%s.",
             named ? spec->help[0] : toupper((unsigned char)spec->help[0]), spec->help + 1);
    manual_text(sentence, to);
    print_range(spec, to);
    print_default(spec, to);
}

static void print_set(const char *title, const struct option_spec *specs, size_t count, FILE *to)
{
    if (count == 0)
        return;
    fputs(".SS ", to);
    manual_literal(title, to);
    fputc('\n', to);
    for (size_t i = 0; i < count; i++)
        print_option(&specs[i], to);
}

static void print_options(const struct command *command, FILE *to)
{
    if (!command->options)
        return;
    fputs(".SH OPTIONS\n", to);
    for (size_t i = 0; command->options[i]; i++) {
        const struct option_set *set = command->options[i];

        if (set->title)
            print_set(set->title, set->specs, set->count, to);
        else
            for (size_t o = 0; o < set->count; o++)
                print_option(&set->specs[o], to);
    }
}

static void print_engines(FILE *to)
{
    size_t count;
    const struct engine *const *table = engine_table(&count);
    char title[64];

    fputs(".SH ENGINES\n.B \\-\\-engine\nnames one of these, and takes its own options:\n", to);
    for (size_t i = 0; i < count; i++) {
        fputs(".TP\n.B ", to);
        manual_literal(table[i]->name, to);
        fputc('\n', to);
        manual_text(table[i]->summary, to);
    }
    for (size_t i = 0; i < count; i++) {
        snprintf(title, sizeof(title), "Options of the engine %s", table[i]->name);
        print_set(title, table[i]->options, table[i]->option_count, to);
    }
}

static void print_parts(const struct command *const *parts, FILE *to)
{
    char name[MANUAL_NAME_ROOM];

    fputs(".SH COMMANDS\n", to);
    for (size_t i = 0; parts[i]; i++) {
        fputs(".TP\n.BR ", to);
        manual_literal(manual_name(parts[i], name), to);
        fputs(" (1)\n", to);
        manual_text(parts[i]->summary, to);
    }
}

static void print_statuses(const struct command *command, FILE *to)
{
    fputs(".SH EXIT STATUS\n", to);
    for (size_t i = 0; command->statuses[i].meaning; i++) {
        fprintf(to, ".TP\n.B %d\n", command->statuses[i].status);
        manual_text(command->statuses[i].meaning, to);
    }
}

static void print_json(const struct command *command, FILE *to)
{
    char sentence[512];

    fputs(".SH JSON\n", to);
    if (command->json)
        snprintf(sentence, sizeof(sentence),
                 "%s described by the JSON Schema %s.json, in share/mvm/schema of the installation and "
                 "docs/schema of the "
                 "source.",
                 command->json_lines ? "With --json each line is an object, which is"
                                     : "What --json prints is",
                 command->json);
    else
        snprintf(sentence, sizeof(sentence), "There is no --json: %s.", command->no_json);
    manual_text(sentence, to);
}

static void print_examples(const struct command_example *examples, FILE *to)
{
    fputs(".SH EXAMPLES\n", to);
    for (size_t i = 0; examples[i].line; i++) {
        char sentence[512];

        size_t length = strlen(examples[i].what);

        snprintf(sentence, sizeof(sentence), "%s%s", examples[i].what,
                 examples[i].what[length - 1] == '?' ? "" : ":");
        if (i > 0)
            fputs(".PP\n", to);
        manual_text(sentence, to);
        fputs(".PP\n.in +4n\n.nf\n", to);
        manual_literal(examples[i].line, to);
        fputs("\n.fi\n.in\n", to);
    }
}

static void print_see(const char *names, FILE *to)
{
    fputs(".SH SEE ALSO\n.BR mvm (1)", to);
    while (names && *names) {
        size_t length = strcspn(names, " ");
        char name[64];

        snprintf(name, sizeof(name), "mvm-%.*s", (int)length, names);
        fputs(",\n.BR ", to);
        manual_literal(name, to);
        fputs(" (1)", to);
        names += length;
        names += strspn(names, " ");
    }
    fputc('\n', to);
}

static void print_all(FILE *to)
{
    print_head("mvm", "how many virtual machines a host holds, and what gives out first", to);
    fputs(".SH SYNOPSIS\n.HP 4\n\\fBmvm\\fR\n\\fICOMMAND\\fR [\\fIOPTIONS\\fR]\n.HP "
          "4\n\\fBmvm\\fR\n\\fB\\-\\-help\\fR | "
          "\\fB\\-\\-version\\fR\n.SH DESCRIPTION\n",
          to);
    manual_text("mvm tells how many virtual machines this host holds, what gives out first, and what each "
                "knob buys. It asks "
                "with virtual machines of 512 bytes: boot sectors that sleep until a byte arrives on their "
                "serial port, and "
                "that prove they are alive by answering a challenge which only a running CPU can answer. It "
                "starts them by "
                "the hundred on QEMU, or by the million on a monitor of its own, and reads the whole host at "
                "every step.\n\n"
                "'mvm scale' is the test, 'mvm host check' says beforehand what is in the way, and 'mvm run' "
                "keeps VMs to "
                "talk to.",
                to);
    print_parts(command_table, to);
    fputs(".SH CLASSES\n", to);
    manual_text(
        "Figures of different classes of VMs are never put side by side without their letter: A, an own live "
        "hypervisor object, booted (QEMU, KVM); B, an own object, cloned; C, clones that share one object; "
        "D, on "
        "disk, restored on demand; T, booted and kept as data in memory, and run when it has work to do.",
        to);
    fputs(".SH CONVENTIONS\n", to);
    manual_text("Sizes take K, M, G and T, which count by 1024, and times ms, s, m and h. Names of options "
                "are whole words. "
                "Ctrl-C ends a measurement in order: what was measured is written, and every VM is gone. "
                "Words that cannot "
                "be meant give the exit status 2 and a sentence that says what would be right.",
                to);
    fputs(".SH EXIT STATUS\n.TP\n.B 0\nDone.\n.TP\n.B 1\nWhat was asked for failed.\n.TP\n.B 2\nBad usage.\n",
          to);
    fputs(".SH ENVIRONMENT\n.TP\n.B XDG_RUNTIME_DIR\nRuns that are kept are below mvm in it.\n.TP\n.B "
          "XDG_CACHE_HOME\n"
          "Kernels of the laboratory are below mvm in it.\n.TP\n.B XDG_STATE_HOME\nWhat \\fBmvm host "
          "tune\\fR is to undo is "
          "below\nmvm in it.\n.TP\n.B TMPDIR\nImages of VMs that nobody keeps are there.\n",
          to);
    print_see("scale host-check run", to);
}

void manual_print(const struct command *command, FILE *to)
{
    char name[MANUAL_NAME_ROOM];

    if (!command) {
        print_all(to);
        return;
    }
    print_head(manual_name(command, name), command->summary, to);
    print_usage(command, to);
    fputs(".SH DESCRIPTION\n", to);
    manual_text(command->text, to);
    if (command->more) {
        fputs(".PP\n", to);
        manual_text(command->more, to);
    }
    if (command->parts) {
        print_parts(command->parts, to);
        print_see(NULL, to);
        return;
    }
    print_options(command, to);
    if (command->engine)
        print_engines(to);
    print_statuses(command, to);
    print_json(command, to);
    print_examples(command->examples, to);
    if (command->files) {
        fputs(".SH FILES\n", to);
        manual_text(command->files, to);
    }
    print_see(command->see, to);
}
