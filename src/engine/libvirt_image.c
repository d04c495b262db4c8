/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "engine/libvirt_image.h"

#include "base/reason.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Any user's daemon may write there, and its VMs' user may go there. */
#define POOL_FOLDER "/var/tmp"

static bool was(virErrorNumber code)
{
    const virError *error = virGetLastError();

    return error && error->code == (int)code;
}

static virStoragePoolPtr find_pool(virConnectPtr connection, const char *pool)
{
    virResetLastError();
    return virStoragePoolLookupByName(connection, pool);
}

int libvirt_pool_check(virConnectPtr connection, const char *pool, struct reason *reason)
{
    virStoragePoolPtr found = find_pool(connection, pool);
    int error = 0;

    if (!found)
        return libvirt_reason(reason, EINVAL, "--pool %.100s cannot be used", pool);
    if (virStoragePoolIsActive(found) != 1)
        error =
            reason_set(reason, EINVAL, "--pool %.100s is not active; 'virsh pool-start' makes it that", pool);
    virStoragePoolFree(found);
    return error;
}

/* The folder may be entered, and not listed, by the user who runs VMs. */
static virStoragePoolPtr make_pool(virConnectPtr connection, const char *name, struct reason *reason)
{
    char *xml;

    if (asprintf(&xml,
                 "<pool type='dir'><name>%s</name><target><path>" POOL_FOLDER "/%s</path>"
                 "<permissions><mode>0711</mode></permissions></target></pool>",
                 name, name) < 0) {
        reason_set(reason, ENOMEM, "no memory for a storage pool's XML");
        return NULL;
    }
    virStoragePoolPtr pool = virStoragePoolDefineXML(connection, xml, 0);

    free(xml);
    if (pool && virStoragePoolBuild(pool, 0) == 0 && virStoragePoolCreate(pool, 0) == 0)
        return pool;
    libvirt_reason(reason, EIO, "a storage pool for the image cannot be made");
    if (pool) {
        virStoragePoolDelete(pool, 0);
        virStoragePoolUndefine(pool);
        virStoragePoolFree(pool);
    }
    return NULL;
}

static int upload(virConnectPtr connection, virStorageVolPtr volume, const char *bytes, size_t count,
                  struct reason *reason)
{
    virStreamPtr stream = virStreamNew(connection, 0);
    size_t sent = 0;
    bool begun = stream && virStorageVolUpload(volume, stream, 0, count, 0) == 0, whole = begun;

    while (whole && sent < count) {
        int put = virStreamSend(stream, bytes + sent, count - sent);

        whole = put >= 0;
        sent += whole ? (size_t)put : 0;
    }
    bool done = whole && virStreamFinish(stream) == 0;
    /* Before the next call into libvirt, which forgets why. */
    int error = done ? 0 : libvirt_reason(reason, EIO, "the image cannot be uploaded");

    if (begun && !whole)
        virStreamAbort(stream);
    if (stream)
        virStreamFree(stream);
    return error;
}

/* The path, when it is that of a file. */
static int tell_path(virStorageVolPtr volume, const char *pool, char *ret_path, size_t room,
                     struct reason *reason)
{
    virStorageVolInfo info;
    char *path = virStorageVolGetInfo(volume, &info) < 0 ? NULL : virStorageVolGetPath(volume);
    int error = 0;

    if (!path)
        error = libvirt_reason(reason, EIO, "the image's volume cannot be looked at");
    else if (info.type != VIR_STORAGE_VOL_FILE || path[0] != '/')
        error = reason_set(reason, EINVAL,
                           "the volumes of --pool %.100s are no files; a pool of type dir, fs or netfs is "
                           "needed",
                           pool);
    else if ((size_t)snprintf(ret_path, room, "%s", path) >= room)
        error = reason_set(reason, ENAMETOOLONG, "the path of the image's volume is too long");
    free(path);
    return error;
}

static int make_volume(virConnectPtr connection, virStoragePoolPtr pool, const char *name, const void *bytes,
                       size_t count, char *ret_path, struct reason *reason)
{
    char *xml;

    if (asprintf(&xml,
                 "<volume><name>%s</name><capacity unit='bytes'>%zu</capacity>"
                 "<allocation unit='bytes'>%zu</allocation><target><format type='raw'/>"
                 "<permissions><mode>0644</mode></permissions></target></volume>",
                 name, count, count) < 0)
        return reason_set(reason, ENOMEM, "no memory for a volume's XML");
    virStorageVolPtr volume = virStorageVolCreateXML(pool, xml, 0);

    free(xml);
    if (!volume)
        return libvirt_reason(reason, EIO, "a volume for the image cannot be made");
    int error = tell_path(volume, virStoragePoolGetName(pool), ret_path, LIBVIRT_IMAGE_PATH_ROOM, reason);

    if (!error)
        error = upload(connection, volume, bytes, count, reason);
    if (error)
        virStorageVolDelete(volume, 0);
    virStorageVolFree(volume);
    return error;
}

int libvirt_image_bring(virConnectPtr connection, const char *pool, const char *name, const void *bytes,
                        size_t count, char ret_path[LIBVIRT_IMAGE_PATH_ROOM], struct reason *reason)
{
    virStoragePoolPtr found = pool ? find_pool(connection, pool) : make_pool(connection, name, reason);

    if (!found)
        return pool ? libvirt_reason(reason, EINVAL, "--pool %.100s cannot be used", pool) : -EIO;
    int error = make_volume(connection, found, name, bytes, count, ret_path, reason);

    virStoragePoolFree(found);
    if (error && !pool)
        libvirt_image_remove(connection, NULL, name, NULL);
    return error;
}

static int remove_volume(virStoragePoolPtr pool, const char *name, struct reason *reason)
{
    virResetLastError();
    virStorageVolPtr volume = virStorageVolLookupByName(pool, name);
    int error = 0;

    if (volume ? virStorageVolDelete(volume, 0) < 0 : !was(VIR_ERR_NO_STORAGE_VOL))
        error = libvirt_reason(reason, EIO, "the volume %.200s cannot be removed", name);
    if (volume)
        virStorageVolFree(volume);
    return error;
}

/* One whose folder is not there cannot be started, and is only a definition. */
static int remove_pool(virStoragePoolPtr pool, const char *name, struct reason *reason)
{
    bool active = virStoragePoolIsActive(pool) == 1 || virStoragePoolCreate(pool, 0) == 0;
    int error = 0;

    if (active) {
        virStoragePoolRefresh(pool, 0);
        error = remove_volume(pool, name, reason);
    }
    if (!error && active && (virStoragePoolDestroy(pool) < 0 || virStoragePoolDelete(pool, 0) < 0))
        error = libvirt_reason(reason, EIO, "the storage pool %.200s cannot be removed", name);
    if (!error && virStoragePoolUndefine(pool) < 0)
        error = libvirt_reason(reason, EIO, "the storage pool %.200s cannot be undefined", name);
    return error;
}

int libvirt_image_remove(virConnectPtr connection, const char *pool, const char *name, struct reason *reason)
{
    virStoragePoolPtr found = find_pool(connection, pool ? pool : name);
    int error;

    if (!found)
        return was(VIR_ERR_NO_STORAGE_POOL) && !pool
                   ? 0
                   : libvirt_reason(reason, EIO, "the storage pool %.200s cannot be found",
                                    pool ? pool : name);
    error = pool ? remove_volume(found, name, reason) : remove_pool(found, name, reason);
    virStoragePoolFree(found);
    return error;
}
