/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables I and II of A. Bratterud, H. Haugerud, "Maximizing hypervisor scalability using minimal virtual
 * machines", 2013; the same as data/study-2013-tables.csv. A guest that sleeps has stopped its timer. */
#include "result/limits.h"

#include <string.h>

const double limits_study_memory_bytes = 128 * 0x1p30;

static const struct limits_study rows[] = {
    {"I.1", false, false, false, "x86_64", 15070, 100.0, 42.2, 0, 3692, 40, 0.16},
    {"I.2", false, false, false, "i386", 15054, 99.9, 41.1, 0, 3603, 34, 0.14},
    {"I.3", false, false, true, "x86_64", 51912, 66.0, 98.6, 5.7, 2805, 121, 0.14},
    {"I.4", false, false, true, "i386", 50224, 65.3, 98.4, 3.6, 2782, 115, 0.14},
    {"I.5", false, true, true, "x86_64", 63832, 3.8, 98.6, 19.2, 2847, 135, 0.13},
    {"I.6", false, true, true, "i386", 87202, 3.8, 98.3, 42.3, 2790, 200, 0.14},
    {"I.7", false, true, false, "x86_64", 106771, 7.1, 99.0, 100.0, 3737, 414, 0.23},
    {"I.8", false, true, false, "i386", 110239, 8.9, 99.0, 100.0, 3620, 305, 0.17},
    {"II.1", true, false, false, "x86_64", 9268, 82.8, 26.5, 0.0, 3775, 18, 0.12},
    {"II.2", true, false, false, "i386", 9500, 85.0, 99.2, 100.0, 42042, 19, 0.12},
    {"II.3", true, false, true, "x86_64", 27747, 55.3, 59.8, 0.0, 2844, 60, 0.13},
    {"II.4", true, false, true, "i386", 31259, 60.2, 66.2, 0.0, 2795, 69, 0.13},
    {"II.5", true, true, true, "x86_64", 87157, 2.1, 98.8, 42.4, 2801, 277, 0.19},
    {"II.6", true, true, true, "i386", 87206, 2.1, 98.7, 41.5, 2771, 281, 0.19},
    {"II.7", true, true, false, "x86_64", 97226, 11.1, 98.7, 88.4, 3780, 316, 0.20},
    {"II.8", true, true, false, "i386", 111179, 5.8, 99.0, 100.0, 3589, 529, 0.29},
};

const struct limits_study *limits_study_rows(size_t *ret_count)
{
    *ret_count = sizeof(rows) / sizeof(rows[0]);
    return rows;
}

const struct limits_study *limits_study_find(const char *name)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}
