/* SPDX-License-Identifier: GPL-3.0-or-later */
/* clang-format off */
/*
 * A population as a file. All numbers are little-endian.
 *
 *   8    "MVMSAVE1"
 *   4    size of struct machine_state (another one is of another version of mvm)
 *   4    MiB of memory of each VM
 *   4    boot drive
 *   4    how many bases
 *   8    the population's clock, ns
 *   8    how many numbers of VMs
 *   512  the image
 *   for each base:
 *     4    its parent; its state follows
 *     4    how many lines of 64 bytes follow
 *     for each line 4 its number, and 64 bytes: the difference to the parent's memory, of base 0 to zeros
 *   for each VM in order:
 *     4    the size of its record, and the record (shard.h)
 *   32   SHA-256 of all before
 *
 * What is only true while the population runs (timers, queues) is made anew from the machines when it is
 * restored.
 */
/* clang-format on */
#include "base/clock.h"
#include "base/reason.h"
#include "vmm/population.h"
#include "vmm/shard_visit.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char magic[8] = "MVMSAVE1";

struct header {
    char magic[8];
    uint32_t state_size, memory_mib, drive, bases;
    uint64_t clock_ns, vms;
    uint8_t image[512];
};

_Static_assert(sizeof(struct header) == 8 + 16 + 16 + 512, "the header has no padding");

/* Writing. */

enum { BUFFER_BYTES = 1 << 20 };

struct writer {
    FILE *file;
    struct sha256_ctx hash;
    int error; /* errno of the first failure */
};

static void put(struct writer *writer, const void *bytes, size_t size)
{
    if (!writer->error && fwrite(bytes, 1, size, writer->file) != size)
        writer->error = errno ? errno : EIO;
    sha256_update(&writer->hash, size, bytes);
}

static void put_number(struct writer *writer, uint32_t number)
{
    put(writer, &number, sizeof(number));
}

static bool is_zero(const uint8_t *line)
{
    static const uint8_t zeros[MEMORY_LINE];

    return memcmp(line, zeros, MEMORY_LINE) == 0;
}

static void put_base(struct writer *writer, const struct machine_base *base, bool first)
{
    uint32_t lines = first ? base->memory_size >> MEMORY_LINE_SHIFT : base->line_count, count = 0;

    put_number(writer, base->parent);
    put(writer, &base->state, sizeof(base->state));
    for (uint32_t i = 0; i < lines; i++)
        count += !first || !is_zero(base->memory + (size_t)i * MEMORY_LINE);
    put_number(writer, count);
    for (uint32_t i = 0; i < lines; i++) {
        uint32_t line = first ? i : base->lines[i];
        const uint8_t *bytes = base->memory + (size_t)line * MEMORY_LINE;

        if (first && is_zero(bytes))
            continue;
        put_number(writer, line);
        put(writer, bytes, MEMORY_LINE);
    }
}

/* One past the highest number that a VM has. */
static uint64_t numbers(const struct vmm *vmm)
{
    uint64_t most = 0;

    for (unsigned i = 0; i < vmm->options.workers; i++) {
        uint64_t count = store_count(vmm->shards[i]->store);
        uint64_t end = count ? (count - 1) * vmm->options.workers + i + 1 : 0;

        most = end > most ? end : most;
    }
    return most;
}

/* A number that was not given when growth ended early is kept, so that the others mean the same VMs
 * afterwards. */
static void put_vm(struct vmm *vmm, struct writer *writer, uint64_t vm)
{
    static const uint8_t not_started[STOPPED_RECORD] = {RECORD_STOPPED, VM_STOP_NOT_STARTED};
    struct store *store = vmm->shards[vm % vmm->options.workers]->store;
    uint64_t number = vm / vmm->options.workers;
    const uint8_t *record = not_started;
    size_t size = sizeof(not_started);

    if (number < store_count(store))
        record = store_get(store, (uint32_t)number, &size);
    put_number(writer, (uint32_t)size);
    put(writer, record, size);
}

static void put_population(struct vmm *vmm, struct writer *writer)
{
    struct header header = {.state_size = sizeof(struct machine_state),
                            .memory_mib = vmm->options.memory_mib,
                            .drive = vmm->options.drive,
                            .bases = machine_base_count(vmm->bases),
                            .clock_ns = clock_now_ns() - vmm->epoch_ns,
                            .vms = numbers(vmm)};

    memcpy(header.magic, magic, sizeof(magic));
    memcpy(header.image, vmm->image, sizeof(header.image));
    put(writer, &header, sizeof(header));
    for (uint32_t i = 0; i < header.bases; i++)
        put_base(writer, machine_base_get(vmm->bases, i), i == 0);
    for (uint64_t vm = 0; vm < header.vms && !writer->error; vm++)
        put_vm(vmm, writer, vm);
}

static int write_file(struct vmm *vmm, const char *path, struct reason *reason)
{
    char temporary[PATH_MAX];
    struct writer writer = {0};
    uint8_t digest[SHA256_DIGEST_SIZE];

    if (snprintf(temporary, sizeof(temporary), "%s.part", path) >= (int)sizeof(temporary))
        return reason_set(reason, ENAMETOOLONG, "the name '%.200s...' is too long", path);
    writer.file = fopen(temporary, "wbe");
    if (!writer.file)
        return reason_errno(reason, errno, "cannot write '%s'", temporary);
    setvbuf(writer.file, NULL, _IOFBF, BUFFER_BYTES);
    sha256_init(&writer.hash);
    put_population(vmm, &writer);
    sha256_digest(&writer.hash, sizeof(digest), digest);
    if (!writer.error && (fwrite(digest, sizeof(digest), 1, writer.file) != 1 || fflush(writer.file) != 0 ||
                          fsync(fileno(writer.file)) < 0))
        writer.error = errno ? errno : EIO;
    fclose(writer.file);
    int error = writer.error ? reason_errno(reason, writer.error, "cannot write '%s'", temporary) : 0;

    if (!error && rename(temporary, path) < 0)
        error = reason_errno(reason, errno, "cannot name '%s' '%s'", temporary, path);
    if (error)
        unlink(temporary);
    return error;
}

int vmm_save(struct vmm *vmm, const char *path, struct reason *reason)
{
    if (vmm->options.resident)
        return reason_set(reason, ENOTSUP,
                          "a population of resident VMs cannot be saved; run it without --resident");
    if (vmm_booting(vmm) > 0)
        return reason_set(reason, EBUSY, "VMs are booting; save when they are ready");
    for (unsigned i = 0; i < vmm->options.workers; i++)
        worker_pause(vmm->workers[i]);
    int error = write_file(vmm, path, reason);

    for (unsigned i = 0; i < vmm->options.workers; i++)
        worker_resume(vmm->workers[i]);
    return error;
}

/* Reading. The file is mapped; nothing of it is believed before its sum is right, and nothing that matters
 * even then. */

struct reader {
    const uint8_t *at, *end;
};

static const uint8_t *take(struct reader *reader, size_t size)
{
    const uint8_t *bytes = reader->at;

    if ((size_t)(reader->end - reader->at) < size)
        return NULL;
    reader->at += size;
    return bytes;
}

static bool take_number(struct reader *reader, uint32_t *ret_number)
{
    const uint8_t *bytes = take(reader, sizeof(*ret_number));

    if (bytes)
        memcpy(ret_number, bytes, sizeof(*ret_number));
    return bytes;
}

static int broken(struct reason *reason, const char *path, const char *what)
{
    return reason_set(reason, EBADMSG, "'%s' is not a saved population that this mvm can read: %s", path,
                      what);
}

/* Reads one base into `state` and `memory`, which holds its parent's. */
static bool take_base(struct reader *reader, struct machine_state *state, uint8_t *memory,
                      uint32_t memory_size)
{
    const uint8_t *bytes = take(reader, sizeof(*state));
    uint32_t count, line;

    if (!bytes || !take_number(reader, &count))
        return false;
    memcpy(state, bytes, sizeof(*state));
    for (uint32_t i = 0; i < count; i++) {
        if (!take_number(reader, &line) || line >= memory_size >> MEMORY_LINE_SHIFT ||
            !(bytes = take(reader, MEMORY_LINE)))
            return false;
        memcpy(memory + (size_t)line * MEMORY_LINE, bytes, MEMORY_LINE);
    }
    return true;
}

static int read_bases(struct reader *reader, const struct header *header, const char *path,
                      struct machine_bases **ret_bases, struct reason *reason)
{
    uint32_t size = header->memory_mib * MEMORY_MIB, parent;
    uint8_t *memory = calloc(1, size);
    struct machine_state *state = calloc(1, sizeof(*state));
    struct machine_bases *bases = NULL;
    int error = memory && state ? 0 : reason_set(reason, ENOMEM, "no memory for a machine");

    for (uint32_t i = 0; !error && i < header->bases; i++) {
        if (!take_number(reader, &parent) || (i > 0 && parent >= i)) {
            error = broken(reason, path, "a base has no parent");
            break;
        }
        if (i > 0)
            memcpy(memory, machine_base_get(bases, parent)->memory, size);
        if (!take_base(reader, state, memory, size) || !machine_state_is_sane(state))
            error = broken(reason, path, "a base is damaged");
        else if (i == 0)
            error = machine_bases_create(state, memory, size, &bases, reason);
        else
            error = machine_bases_add(bases, (uint8_t)parent, state, memory);
    }
    free(state);
    free(memory);
    if (error)
        machine_bases_free(bases);
    else
        *ret_bases = bases;
    return error;
}

static int read_records(struct reader *reader, struct vmm *vmm, uint64_t count, const char *path,
                        struct reason *reason)
{
    unsigned workers = vmm->options.workers;

    for (uint64_t vm = 0; vm < count; vm++) {
        uint32_t size;
        const uint8_t *record = take_number(reader, &size) ? take(reader, size) : NULL;

        if (!record)
            return broken(reason, path, "it ends in the middle of a VM");
        int error = shard_adopt(vmm->shards[vm % workers], record, size);

        if (error == -ENOMEM)
            return reason_set(reason, ENOMEM, "the memory limit is reached at VM %llu of %llu",
                              (unsigned long long)vm, (unsigned long long)count);
        if (error)
            return broken(reason, path, "a VM is damaged");
        vmm->asked[vm % workers]++;
    }
    return reader->at == reader->end ? 0 : broken(reason, path, "something follows the last VM");
}

static int read_header(struct reader *reader, struct header *header, const char *path, struct reason *reason)
{
    const uint8_t *bytes = take(reader, sizeof(*header));

    if (!bytes || memcmp(bytes, magic, sizeof(magic)) != 0)
        return broken(reason, path, "it does not begin with MVMSAVE1");
    memcpy(header, bytes, sizeof(*header));
    if (header->state_size != sizeof(struct machine_state))
        return broken(reason, path, "it was written by another version of mvm");
    if (header->memory_mib < 1 || header->memory_mib > 16 || header->bases < 1 ||
        header->bases > MACHINE_BASES_MOST || (header->drive != 0 && header->drive != 0x80))
        return broken(reason, path, "its header is damaged");
    return 0;
}

static int restore(const struct vmm_options *options, const uint8_t *bytes, size_t size, const char *path,
                   struct vmm **ret_vmm, struct reason *reason)
{
    struct sha256_ctx hash;
    uint8_t digest[SHA256_DIGEST_SIZE];
    struct reader reader = {.at = bytes, .end = bytes + size - sizeof(digest)};
    struct vmm_options adjusted = *options;
    struct machine_bases *bases;
    struct header header;
    struct vmm *vmm;

    sha256_init(&hash);
    sha256_update(&hash, size - sizeof(digest), bytes);
    sha256_digest(&hash, sizeof(digest), digest);
    if (memcmp(digest, reader.end, sizeof(digest)) != 0)
        return broken(reason, path, "its checksum is wrong, so it is cut off or was altered");
    int error = read_header(&reader, &header, path, reason);

    if (!error)
        error = read_bases(&reader, &header, path, &bases, reason);
    if (error)
        return error;
    adjusted.memory_mib = header.memory_mib;
    adjusted.drive = (uint8_t)header.drive;
    error = population_create(&adjusted, header.image, bases, header.clock_ns, &vmm, reason);
    if (error)
        return error;
    population_fit(vmm, header.vms);
    error = read_records(&reader, vmm, header.vms, path, reason);
    if (!error)
        error = population_start(vmm, reason);
    if (error)
        vmm_close(vmm);
    else
        *ret_vmm = vmm;
    return error;
}

/* Opens a file that is long enough to be one. */
static int open_file(const char *path, size_t *ret_size, struct reason *reason)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

    if (fd < 0)
        return reason_errno(reason, errno, "cannot read '%s'", path);
    if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode)) {
        close(fd);
        return broken(reason, path, "it is not a regular file");
    }
    if ((uint64_t)status.st_size < sizeof(struct header) + SHA256_DIGEST_SIZE) {
        close(fd);
        return broken(reason, path, "it is too short");
    }
    *ret_size = (size_t)status.st_size;
    return fd;
}

int vmm_look(const char *path, struct vmm_saved *ret_saved, struct reason *reason)
{
    struct header header;
    uint8_t bytes[sizeof(header)];
    size_t size;
    int fd = open_file(path, &size, reason);

    if (fd < 0)
        return fd;
    ssize_t got = pread(fd, bytes, sizeof(bytes), 0);

    close(fd);
    if (got != (ssize_t)sizeof(bytes))
        return reason_set(reason, EIO, "cannot read '%s'", path);
    struct reader reader = {.at = bytes, .end = bytes + sizeof(bytes)};
    int error = read_header(&reader, &header, path, reason);

    if (error)
        return error;
    *ret_saved = (struct vmm_saved){
        .vms = header.vms, .memory_mib = header.memory_mib, .drive = (uint8_t)header.drive};
    memcpy(ret_saved->image, header.image, sizeof(header.image));
    return 0;
}

int vmm_restore(const struct vmm_options *options, const char *path, struct vmm **ret_vmm,
                struct reason *reason)
{
    size_t size;
    int fd = open_file(path, &size, reason);

    if (fd < 0)
        return fd;
    if (options->resident) {
        close(fd);
        return reason_set(reason, ENOTSUP, "a saved population cannot be restored as resident VMs");
    }
    uint8_t *bytes = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    int error;

    close(fd);
    if (bytes == MAP_FAILED)
        return reason_errno(reason, errno, "cannot read '%s'", path);
    madvise(bytes, size, MADV_SEQUENTIAL);
    error = restore(options, bytes, size, path, ret_vmm, reason);
    munmap(bytes, size);
    return error;
}
