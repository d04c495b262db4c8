/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/option.h"
#include "report/html_data.h"
#include "report/text.h"
#include "result/number.h"

#include <string.h>

static bool size_fact(json_t *list, const char *name, uint64_t bytes)
{
    char size[SIZE_TEXT_ROOM];

    return bytes == 0 || html_fact(list, name, size_text((double)bytes, size));
}

json_t *html_host_json(const struct host_fingerprint *host)
{
    json_t *list = json_array();
    char text[FINGERPRINT_LONG], number[NUMBER_ROOM];
    bool fine = list != NULL;

    snprintf(text, sizeof(text), "%s, %u CPU%s", host->cpu_model[0] ? host->cpu_model : "unknown", host->cpus,
             host->cpus == 1 ? "" : "s");
    fine = fine && html_fact(list, "processor", text);
    fine = fine && size_fact(list, "memory", host->memory_bytes);
    fine = fine &&
           (host->swap_bytes ? size_fact(list, "swap", host->swap_bytes) : html_fact(list, "swap", "none"));
    fine = fine && html_fact(list, "kernel", host->kernel);
    fine = fine && html_fact(list, "kernel command line", host->kernel_command_line);
    fine = fine && html_fact(list, "runs on", host->hypervisor);
    fine = fine && (!host->emulated || html_fact(list, "emulated", text_emulated));
    fine = fine && html_fact(list, "frequency governor", host->frequency_governor);
    fine = fine && html_fact(list, "KSM", host->ksm) && html_fact(list, "transparent huge pages", host->thp);
    fine = fine && size_fact(list, "memory limit of the control group", host->cgroup_memory_bytes);
    if (host->cgroup_cpus > 0)
        fine = fine &&
               html_fact(list, "CPU limit of the control group", number_digits(host->cgroup_cpus, 4, number));
    if (host->cgroup_pids > 0)
        fine = fine &&
               html_fact(list, "task limit of the control group", number_grouped(host->cgroup_pids, number));
    for (unsigned i = 0; fine && i < host->mitigation_count; i++) {
        snprintf(text, sizeof(text), "mitigation: %s", host->mitigations[i].name);
        fine = html_fact(list, text, host->mitigations[i].state);
    }
    if (!fine) {
        json_decref(list);
        return NULL;
    }
    return list;
}
