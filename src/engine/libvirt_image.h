/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The image on the daemon's host: a volume, brought there by libvirt's storage API; in a pool that is there,
 * or in a directory pool of the run's own. Neither has room for metadata, so what says whose it is is the
 * name of the volume, and of the pool when that is the run's:
 *
 *     mvm-RUN-HOST-BOOT-PID-STARTED-PART-CHANCE
 *
 * RUN, PID, STARTED, BOOT and PART are those of struct libvirt_maker; HOST tells the host of that process
 * from others, also after a boot; CHANCE keeps others from making the folder before it is made.
 */
#ifndef MVM_ENGINE_LIBVIRT_IMAGE_H
#define MVM_ENGINE_LIBVIRT_IMAGE_H

#include "engine/libvirt_maker.h"

enum { LIBVIRT_IMAGE_NAME_ROOM = RESULT_TEXT + 160, LIBVIRT_IMAGE_PATH_ROOM = 4096 };

/* A new name for an image of this process. */
void libvirt_image_name(const struct libvirt_maker *maker, char ret_name[LIBVIRT_IMAGE_NAME_ROOM]);

/* False when it is no such name. *ret_here: the process is, or was, one of this host, though maybe of an
 * earlier boot, at which it ended. */
bool libvirt_image_parse(const char *name, struct libvirt_maker *ret_maker, bool *ret_here);

/* Whether there is an active pool of that name, for --pool; -EINVAL with libvirt's words. */
int libvirt_pool_check(virConnectPtr connection, const char *pool, struct reason *reason);

/* Makes the volume `name`, in the pool `pool` or, when that is NULL, in one of its own name, which is made as
 * well, and fills its path on the daemon's host. In failure nothing is left, unless that is said. */
int libvirt_image_bring(virConnectPtr connection, const char *pool, const char *name, const void *bytes,
                        size_t count, char ret_path[LIBVIRT_IMAGE_PATH_ROOM], struct reason *reason);

/* Removes the same. What is not there is success. */
int libvirt_image_remove(virConnectPtr connection, const char *pool, const char *name, struct reason *reason);

/* What runs of that name have left. */
struct libvirt_left {
    struct libvirt_left *next;
    struct libvirt_maker maker;
    bool here;
    bool own_pool; /* the pool is the run's own, and has the volume's name */
    char pool[LIBVIRT_IMAGE_NAME_ROOM], name[LIBVIRT_IMAGE_NAME_ROOM];
};

/* Looks at the names of all pools, and at the volumes of those that are active and that list them. 0 with an
 * empty list where the driver has no storage. */
int libvirt_images_left(virConnectPtr connection, const char *run, struct libvirt_left **ret_left,
                        struct reason *reason);
void libvirt_left_free(struct libvirt_left *left);

#endif
