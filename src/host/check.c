/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/check.h"

#include <errno.h>
#include <stdlib.h>

int host_findings_add(struct host_findings *findings, const struct host_finding *finding)
{
    struct host_finding *grown = realloc(findings->items, (findings->count + 1) * sizeof(*grown));

    if (!grown)
        return -ENOMEM;
    findings->items = grown;
    findings->items[findings->count++] = *finding;
    return 0;
}

void host_findings_release(struct host_findings *findings)
{
    free(findings->items);
    *findings = (struct host_findings){.items = NULL};
}

const char *finding_verdict_text(enum finding_verdict verdict)
{
    static const char *const texts[] = {
        [FINDING_GOOD] = "good",
        [FINDING_BETTER] = "could be better",
        [FINDING_BAD] = "in the way",
    };

    return texts[verdict];
}
