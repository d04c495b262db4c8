/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "study/limits_preset.h"

#include "base/file.h"
#include "host/check.h"
#include "result/limits.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const limits_preset_names[] = {"table1", "table2", "ladder", NULL};

/* KVM made in software for hosts without it (a hypervisor's paravirtual one, say) is not what the study
 * measured. */
static bool has_kvm(void)
{
    struct host_findings findings = {0};
    struct kvm_state state = {.usable = false};
    int error = host_check_kvm(&findings, "", &state);

    host_findings_release(&findings);
    return !error && state.usable &&
           (strcmp(state.module, "kvm_intel") == 0 || strcmp(state.module, "kvm_amd") == 0);
}

/* Booting is slow on an emulated processor, and the more so the more VMs do it at once; a share as small as
 * this is still filled within minutes. */
static const char lab[] = " --kernel default --parallel 1 --boot-timeout 300 --memory-limit 512M";

static void add_table(struct limits_preset *preset, const char *table)
{
    size_t count;
    const struct limits_study *rows = limits_study_rows(&count);
    bool native = has_kvm();

    for (size_t i = 0; i < count; i++) {
        const struct limits_study *row = &rows[i];
        size_t at = preset->count;

        if (strncmp(row->name, table, strlen(table)) != 0 || row->name[strlen(table)] != '.')
            continue;
        snprintf(preset->labels[at], LIMITS_LABEL, "%s %s, %s, %s", row->name,
                 row->sleep ? "sleeps" : "timer runs", row->kvm ? "KVM" : "TCG", row->architecture);
        snprintf(preset->words[at], LIMITS_PRESET_TEXT,
                 "--engine qemu --guest %s --accelerator %s --architecture %s%s%s",
                 row->sleep ? "sleep" : "tick", row->kvm ? "kvm" : "tcg", row->architecture,
                 row->kvm && !native ? lab : "", row->power_saving ? " --governor ondemand" : "");
        preset->rows[at] = (struct limits_given){
            .label = preset->labels[at], .words = preset->words[at], .study = row->name};
        preset->count++;
    }
}

/* The newest build of `make qemu-lean` that has both programs: "DIRECTORY/patched/qemu-system-i386". */
static bool find_lean(char *ret_directory, size_t room)
{
    char base[512], program[1200];
    time_t newest = 0;

    if (user_cache_path("mvm/qemu-lean", base, sizeof(base)) < 0)
        return false;
    DIR *versions = opendir(base);

    for (struct dirent *entry; versions && (entry = readdir(versions));) {
        struct stat info;

        if (entry->d_name[0] == '.')
            continue;
        snprintf(program, sizeof(program), "%s/%s/configured/qemu-system-i386", base, entry->d_name);
        if (access(program, X_OK) < 0)
            continue;
        snprintf(program, sizeof(program), "%s/%s/patched/qemu-system-i386", base, entry->d_name);
        if (stat(program, &info) < 0 || info.st_mtime <= newest)
            continue;
        newest = info.st_mtime;
        snprintf(ret_directory, room, "%s/%s", base, entry->d_name);
    }
    if (versions)
        closedir(versions);
    return newest > 0;
}

static const struct {
    const char *label, *words;
    const char *build; /* of the lean QEMU that it needs */
} rungs[] = {
    {"stock QEMU, its own defaults",
     "--engine exec --serial stdio --command 'qemu-system-i386 -drive "
     "if=floppy,format=raw,readonly=on,file={image} "
     "-display none -monitor none -serial stdio'",
     NULL},
    {"lean options", "--engine qemu", NULL},
    {"lean QEMU, configured only", "--engine qemu", "configured"},
    {"lean QEMU, patched", "--engine qemu", "patched"},
    {"own ROM", "--engine qemu --firmware minimal", "patched"},
    {"fork server", "--engine qemu --firmware minimal --fork-server", "patched"},
    {"vmm --resident", "--engine vmm --resident", NULL},
    /* The share would hold so many that proving them takes hours. */
    {"vmm", "--engine vmm --max 1000000", NULL},
};

static void add_ladder(struct limits_preset *preset)
{
    char lean[600] = "";
    bool built = find_lean(lean, sizeof(lean));

    preset->ladder = true;
    for (size_t i = 0; i < sizeof(rungs) / sizeof(rungs[0]); i++) {
        size_t at = preset->count++;
        const char *build = rungs[i].build;

        if (build)
            snprintf(preset->words[at], LIMITS_PRESET_TEXT, "%s --rate max --binary '%s/%s/qemu-system-i386'",
                     rungs[i].words, lean, build);
        else
            snprintf(preset->words[at], LIMITS_PRESET_TEXT, "%s --rate max", rungs[i].words);
        preset->rows[at] = (struct limits_given){
            .label = rungs[i].label,
            .words = preset->words[at],
            .absent =
                build && !built ? "the lean QEMU has not been built here: 'make qemu-lean' builds it" : NULL,
        };
    }
}

void limits_preset_make(struct limits_preset *ret_preset, const char *name)
{
    memset(ret_preset, 0, sizeof(*ret_preset));
    if (strcmp(name, "ladder") == 0)
        add_ladder(ret_preset);
    else
        add_table(ret_preset, strcmp(name, "table1") == 0 ? "I" : "II");
}
