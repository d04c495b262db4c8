/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whose image it is, by its name; and which there are of a run. */
#include "engine/libvirt_image.h"

#include "base/file.h"
#include "base/reason.h"
#include "host/procfile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum { HOST_ROOM = 17, BOOT_LENGTH = 36 };

/* Of the machine's number, as systemd and D-Bus keep it, and the host's name, since copies of a system often
 * share the number; "0" where there is no number. The number itself is not for others (machine-id(5)). */
static void host_word(char ret_word[HOST_ROOM])
{
    char text[256] = "", name[128] = "", both[sizeof(text) + sizeof(name)], hash[SHA256_TEXT_ROOM];

    if (procfile_text("", "/etc/machine-id", text, sizeof(text)) < 0 || !text[0]) {
        snprintf(ret_word, HOST_ROOM, "0");
        return;
    }
    gethostname(name, sizeof(name) - 1);
    text[strcspn(text, "\n")] = '\0';
    snprintf(both, sizeof(both), "%s %s", text, name);
    sha256_text(both, strlen(both), hash);
    snprintf(ret_word, HOST_ROOM, "%.16s", hash);
}

void libvirt_image_name(const struct libvirt_maker *maker, char ret_name[LIBVIRT_IMAGE_NAME_ROOM])
{
    char host[HOST_ROOM];
    uint32_t chance = 0;

    if (getrandom(&chance, sizeof(chance), 0) < 0)
        chance = (uint32_t)maker->process.started;
    host_word(host);
    snprintf(ret_name, LIBVIRT_IMAGE_NAME_ROOM, "mvm-%s-%s-%s-%ld-%llu-%u-%08x", maker->run, host,
             maker->process.boot[0] ? maker->process.boot : "00000000-0000-0000-0000-000000000000",
             maker->process.pid, maker->process.started, maker->part, chance);
}

/* Cuts the last word off `text`, at a '-', and returns it; NULL when there is none. */
static char *cut_word(char *text)
{
    char *dash = strrchr(text, '-');

    if (!dash)
        return NULL;
    *dash = '\0';
    return dash + 1;
}

static bool is_of(const char *word, const char *characters)
{
    return word && word[0] && word[strspn(word, characters)] == '\0';
}

bool libvirt_image_parse(const char *name, struct libvirt_maker *ret_maker, bool *ret_here)
{
    struct libvirt_maker maker = {.part = 0};
    char text[LIBVIRT_IMAGE_NAME_ROOM], host[HOST_ROOM];

    if (strncmp(name, "mvm-", 4) != 0 || strlen(name) >= sizeof(text))
        return false;
    snprintf(text, sizeof(text), "%s", name + 4);
    const char *chance = cut_word(text), *part = cut_word(text), *started = cut_word(text),
               *pid = cut_word(text);
    size_t length = strlen(text);

    if (!is_of(chance, "0123456789abcdef") || !is_of(part, "0123456789") || !is_of(started, "0123456789") ||
        !is_of(pid, "0123456789") || length <= BOOT_LENGTH || text[length - BOOT_LENGTH - 1] != '-')
        return false;
    snprintf(maker.process.boot, sizeof(maker.process.boot), "%s", text + length - BOOT_LENGTH);
    text[length - BOOT_LENGTH - 1] = '\0';
    const char *word = cut_word(text);

    if (!is_of(word, "0123456789abcdef") || !is_of(maker.process.boot, "0123456789abcdef-") || !text[0] ||
        strlen(text) >= sizeof(maker.run))
        return false;
    snprintf(maker.run, sizeof(maker.run), "%.*s", (int)sizeof(maker.run) - 1, text);
    maker.part = (unsigned)strtoul(part, NULL, 10);
    maker.process.started = strtoull(started, NULL, 10);
    maker.process.pid = strtol(pid, NULL, 10);
    host_word(host);
    *ret_here = strcmp(word, host) == 0 && strcmp(word, "0") != 0;
    *ret_maker = maker;
    return true;
}

static int note(struct libvirt_left **list, const char *run, const char *pool, const char *name)
{
    struct libvirt_maker maker;
    bool here;

    if (!libvirt_image_parse(name, &maker, &here) || strcmp(maker.run, run) != 0 ||
        strlen(pool) >= LIBVIRT_IMAGE_NAME_ROOM)
        return 0;
    struct libvirt_left *left = calloc(1, sizeof(*left));

    if (!left)
        return -ENOMEM;
    left->maker = maker;
    left->here = here;
    left->own_pool = strcmp(pool, name) == 0;
    snprintf(left->pool, sizeof(left->pool), "%s", pool);
    snprintf(left->name, sizeof(left->name), "%s", name);
    left->next = *list;
    *list = left;
    return 0;
}

/* What cannot be looked into, since it is not active or does not answer, has nothing that could be removed.
 */
static int note_volumes(struct libvirt_left **list, const char *run, virStoragePoolPtr pool)
{
    virStorageVolPtr *volumes = NULL;
    int count = virStoragePoolIsActive(pool) == 1 ? virStoragePoolListAllVolumes(pool, &volumes, 0) : 0;
    int error = 0;

    for (int i = 0; i < count; i++) {
        if (!error)
            error = note(list, run, virStoragePoolGetName(pool), virStorageVolGetName(volumes[i]));
        virStorageVolFree(volumes[i]);
    }
    free(volumes);
    return error;
}

int libvirt_images_left(virConnectPtr connection, const char *run, struct libvirt_left **ret_left,
                        struct reason *reason)
{
    virStoragePoolPtr *pools = NULL;
    struct libvirt_left *list = NULL;

    virResetLastError();
    int count = virConnectListAllStoragePools(connection, &pools, 0), error = 0;
    const virError *why = count < 0 ? virGetLastError() : NULL;

    if (count < 0 && !(why && (why->code == VIR_ERR_NO_SUPPORT || why->code == VIR_ERR_NO_CONNECT)))
        return libvirt_reason(reason, EIO, "libvirt does not list its storage pools");
    for (int i = 0; i < count; i++) {
        struct libvirt_maker maker;
        const char *name = virStoragePoolGetName(pools[i]);
        bool here;

        if (!error)
            error = libvirt_image_parse(name, &maker, &here) ? note(&list, run, name, name)
                                                             : note_volumes(&list, run, pools[i]);
        virStoragePoolFree(pools[i]);
    }
    free(pools);
    if (error) {
        libvirt_left_free(list);
        return reason_set(reason, -error, "no memory for a list of images");
    }
    *ret_left = list;
    return 0;
}

void libvirt_left_free(struct libvirt_left *left)
{
    while (left) {
        struct libvirt_left *next = left->next;

        free(left);
        left = next;
    }
}
