/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/option.h"
#include "report/report.h"
#include "report/text.h"
#include "result/number.h"

#include <string.h>

const char *report_label(const struct result *result, char ret_label[REPORT_LABEL_ROOM])
{
    char engine[40], image[52], size[SIZE_TEXT_ROOM], cpus[NUMBER_ROOM];
    char share[96] = "";

    /* A guest of ours by its name; a file by its last part. */
    const char *slash = strrchr(result->image.name, '/');
    const char *name = slash && slash[1] && !result->image.mixed ? slash + 1 : result->image.name;
    text_clean(result->engine.name, engine, sizeof(engine));
    text_clean(name, image, sizeof(image) - 3);
    if (strlen(name) > strlen(image))
        memcpy(image + strlen(image), "…", sizeof("…"));

    bool memory = result->plan.memory_limit_bytes > 0;
    bool cpu = result->plan.cpu_limit > 0;
    if (memory || cpu)
        snprintf(share, sizeof(share), ", share %s%s%s%s",
                 memory ? size_text((double)result->plan.memory_limit_bytes, size) : "",
                 memory && cpu ? ", " : "", cpu ? number_digits(result->plan.cpu_limit, 4, cpus) : "",
                 cpu ? " CPUs" : "");
    snprintf(ret_label, REPORT_LABEL_ROOM, "%s %s%s%s", engine, image, share,
             result->host.emulated ? ", emulated host" : "");
    return ret_label;
}
