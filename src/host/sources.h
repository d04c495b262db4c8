/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The files that a reading is made of, and what is taken from each of their lines. Only for reading.c. */
#ifndef MVM_HOST_SOURCES_H
#define MVM_HOST_SOURCES_H

#include "host/reading.h"

#include <stdbool.h>
#include <stddef.h>

enum { DISK_NAME_ROOM = 64, LINK_NAME_ROOM = 16 };

/* The whole disks, by name as in /proc/diskstats. */
struct disk_names {
    char (*names)[DISK_NAME_ROOM];
    size_t count;
};

/* The links whose speed is known, by name as in /proc/net/dev. */
struct link_names {
    char names[HOST_LINKS][LINK_NAME_ROOM];
    uint64_t bits_per_second[HOST_LINKS];
    unsigned count;
};

/* links.c. */
void links_find(struct link_names *ret_links, const char *root);

/* A reading in the making. */
struct intake {
    struct host_reading *reading;
    const struct disk_names *disks;
    const struct link_names *links;
    unsigned
        seen; /* a bit for each line that the source cannot do without; the bits' meaning is the source's */
};

struct source {
    const char *path;
    bool (*take)(void *intake, const char *line); /* returns false when the rest of the file is of no use */
    unsigned
        needs; /* the bits of intake.seen that must be set after a reading; 0 for a source that may lack */
    const char *lacking; /* the sentence's end when they are not: "lacks ..." */
};

enum { SOURCE_COUNT = 12 };
extern const struct source sources[SOURCE_COUNT];

#endif
