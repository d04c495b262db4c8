/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "lab/lab.h"

#include "base/reason.h"
#include "lab/fill.h"
#include "lab/kernel.h"
#include "lab/machine.h"
#include "lab/session.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* COMMAND_LINE_SIZE of x86 is 2048; the rest is ours. */
enum { APPEND_MOST = 1800 };

static int check(const struct lab_wish *wish, struct reason *reason)
{
#ifndef __x86_64__
    return reason_set(reason, ENOTSUP,
                      "the laboratory is an x86-64 computer and runs this host's programs, which are "
                      "for another one");
#endif
    if (wish->append && strlen(wish->append) > APPEND_MOST)
        return reason_set(reason, EINVAL, "--append is longer than the %d bytes that a kernel takes",
                          APPEND_MOST);
    return fill_check(wish, reason);
}

int lab_run(const struct lab_wish *wish, struct lab_outcome *ret_outcome, struct reason *reason)
{
    const struct kernel_wish kernel_wish = {
        .version = wish->kernel, .package = wish->package, .stop = wish->stop, .say = wish->say};
    struct lab_outcome outcome = {.status = 0};
    struct kernel kernel;
    struct machine machine;
    char bring[PATH_MAX];
    int error = check(wish, reason);

    if (!error)
        error = kernel_get(&kernel_wish, &kernel, reason);
    if (error)
        return error;
    int archive = fill_lab(wish, &kernel, bring, reason);

    if (archive < 0)
        return archive;
    error = machine_start(&machine, wish, &kernel, archive, reason);
    close(archive); /* QEMU has it */
    if (!error) {
        error = session_run(wish, &machine, bring, &outcome, reason);
        machine_end(&machine);
    }
    *ret_outcome = outcome;
    return error;
}
