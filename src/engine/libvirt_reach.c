/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether the user who runs VMs gets to their image and their sockets. */
#include "engine/libvirt_population.h"

#include "base/reason.h"

#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

enum { GROUPS_MOST = 256 };

static bool is_in_group(uid_t user, gid_t group)
{
    const struct passwd *entry = getpwuid(user);
    gid_t groups[GROUPS_MOST];
    int count = GROUPS_MOST;

    if (!entry || getgrouplist(entry->pw_name, entry->pw_gid, groups, &count) < 0)
        return false;
    for (int i = 0; i < count; i++)
        if (groups[i] == group)
            return true;
    return false;
}

/* By its mode, path_resolution(7); what an access control list lets in is left to the kernel. */
static bool lets_in(const char *path, const struct stat *status, uid_t user)
{
    if (status->st_uid == user)
        return status->st_mode & S_IXUSR;
    if (getxattr(path, "system.posix_acl_access", NULL, 0) > 0)
        return true;
    if (is_in_group(user, status->st_gid))
        return status->st_mode & S_IXGRP;
    return status->st_mode & S_IXOTH;
}

int libvirt_reach(const char *directory, uid_t user, struct reason *reason)
{
    char path[PATH_MAX];
    struct stat status;

    if (!realpath(directory, path))
        return reason_errno(reason, errno, "cannot look at %s", directory);
    for (size_t end = 1;; end++) {
        char kept = path[end];

        if (kept != '/' && kept != '\0' && end > 1)
            continue;
        path[end] = '\0'; /* "/", "/a", "/a/b" */
        if (stat(path, &status) < 0)
            return reason_errno(reason, errno, "cannot look at %s", path);
        if (!lets_in(path, &status, user))
            return reason_set(reason, EACCES,
                              "libvirt runs VMs as user %u, who may not enter %s (mode %03o), where their "
                              "image and sockets would be; TMPDIR names another place, such as /tmp",
                              (unsigned)user, path, (unsigned)(status.st_mode & 0777));
        path[end] = kept;
        if (kept == '\0')
            return 0;
    }
}
