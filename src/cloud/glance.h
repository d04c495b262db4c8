/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The image of a run in Glance: "mvm-RUN", private, with the tag mvm-run=RUN. Errors are those of
 * cloud_request(). */
#ifndef MVM_CLOUD_GLANCE_H
#define MVM_CLOUD_GLANCE_H

#include "cloud/cloud.h"

enum { GLANCE_ID_ROOM = 65 };

/* Finds the run's image with these bytes, by name, tag and checksum; or else uploads it. Its disk is on IDE,
 * since BIOSes do not boot a disk of 512 bytes on virtio, and there is no video. */
int glance_image(struct cloud *cloud, struct http *http, const char *run, const void *bytes, size_t length,
                 char ret_id[GLANCE_ID_ROOM], struct reason *reason);

/* Deletes the run's images, also half-made ones; `ret_deleted` says how many there were. */
int glance_delete(struct cloud *cloud, struct http *http, const char *run, unsigned *ret_deleted,
                  struct reason *reason);

#endif
