/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmd/client.h"

#include "cmd/cmd.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The one entry that is meant; -ENOENT and -EINVAL: none, several. */
static int choose(const struct run_entry *entries, size_t count, bool dead_too, char ret_name[RUN_NAME_ROOM],
                  struct reason *reason)
{
    size_t living = 0;
    const char *name = NULL;
    char names[256] = "";

    for (size_t i = 0; i < count; i++)
        living += entries[i].lives;
    for (size_t i = 0; i < count; i++) {
        if (living > 0 && !entries[i].lives)
            continue;
        size_t used = strlen(names);

        name = entries[i].name;
        snprintf(names + used, sizeof(names) - used, "%s%s", used ? ", " : "", name);
    }
    if (living == 0 && count > 0 && !dead_too)
        return reason_set(reason, ENOENT,
                          "no run lives; %s died ('mvm stop --all' removes what dead runs left)", names);
    if (living == 0 && count == 0)
        return reason_set(reason, ENOENT, "no run lives; 'mvm run' starts one");
    if (living > 1 || (living == 0 && count > 1))
        return reason_set(reason, EINVAL, "there are several runs (%s); say which one with --run", names);
    snprintf(ret_name, RUN_NAME_ROOM, "%s", name);
    return 0;
}

int client_choose_run(struct runs *runs, const char *name, bool dead_too, char ret_name[RUN_NAME_ROOM],
                      struct reason *reason)
{
    struct run_entry *entries;
    size_t count;

    if (name) {
        int error = run_check_name(name, reason);

        if (!error)
            snprintf(ret_name, RUN_NAME_ROOM, "%s", name);
        return error;
    }
    int error = runs_list(runs, &entries, &count, reason);

    if (error)
        return error;
    error = choose(entries, count, dead_too, ret_name, reason);
    free(entries);
    return error;
}

void client_explain_no_runs(const char *run, struct reason *reason)
{
    if (run)
        reason_set(reason, ENOENT, "there is no run '%.100s'; 'mvm ls' lists the runs", run);
    else
        reason_set(reason, ENOENT, "no run lives; 'mvm run' starts one");
}

int client_connect(const char *run, struct call *ret_call, struct reason *reason)
{
    struct runs runs;
    char name[RUN_NAME_ROOM];
    int error = runs_open(&runs, false, reason);

    if (error == -ENOENT)
        client_explain_no_runs(run, reason);
    if (error)
        return error;
    error = client_choose_run(&runs, run, false, name, reason);
    if (!error)
        error = call_open(&runs, name, CALL_PATIENCE_NS, ret_call, reason);
    runs_close(&runs);
    return error;
}

int client_status(int error)
{
    return error == -EINVAL || error == -ENOENT ? EXIT_USAGE : EXIT_FAILED;
}

int client_parse_vm(const char *text, uint64_t *ret_vm, struct reason *reason)
{
    if (parse_count(text, ret_vm) < 0 || *ret_vm > INT64_MAX)
        return reason_set(reason, EINVAL, "'%.100s' is not the number of a VM; they are 0, 1, 2, ...", text);
    return 0;
}

int client_parse_vms(const char *text, bool *ret_all, uint64_t *ret_first, uint64_t *ret_last,
                     struct reason *reason)
{
    const char *dash = strchr(text, '-');
    char first[32];

    *ret_all = strcmp(text, "all") == 0;
    if (*ret_all)
        return 0;
    if (!dash && client_parse_vm(text, ret_first, NULL) == 0) {
        *ret_last = *ret_first;
        return 0;
    }
    if (dash && (size_t)(dash - text) < sizeof(first)) {
        snprintf(first, sizeof(first), "%.*s", (int)(dash - text), text);
        if (client_parse_vm(first, ret_first, NULL) == 0 && client_parse_vm(dash + 1, ret_last, NULL) == 0 &&
            *ret_first <= *ret_last)
            return 0;
    }
    return reason_set(reason, EINVAL,
                      "'%.100s' names no VMs; give a number such as 7, a range such as 0-999, or all", text);
}

void client_print_bytes(const char *bytes, size_t count)
{
    if (!isatty(STDOUT_FILENO)) {
        fwrite(bytes, 1, count, stdout);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        unsigned char byte = (unsigned char)bytes[i];

        if ((byte >= ' ' && byte < 0x7f) || byte == '\t')
            putchar(byte);
        else
            printf("\\x%02X", byte);
    }
}
