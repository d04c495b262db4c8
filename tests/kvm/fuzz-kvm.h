/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where a case of fuzz-kvm runs: in a shell that others use too (class T), or in a KVM VM of its own (class
 * A). */
#ifndef MVM_TESTS_KVM_FUZZ_KVM_H
#define MVM_TESTS_KVM_FUZZ_KVM_H

#include "vmm/board.h"
#include "vmm/cpu.h"
#include "vmm/machine.h"

enum { FUZZ_SECTOR = 512, FUZZ_PACKED_MOST = 4 << 20 };

struct fuzz_home {
    /* `template` is what each context has beside its machine; it is copied. */
    void (*open)(struct machine_bases *bases, const struct context *template);
    /* A machine at reset, whose boot sector this is; the one before it was taken off. */
    struct context *(*boot)(const uint8_t *sector);
    /* The machine presses its own reset button. */
    struct context *(*reset)(struct context *context, const uint8_t *sector);
    enum cpu_exit (*run)(struct context *context, uint64_t slice);
    /* Ends its turn, lets a neighbour have one, and begins the next, in which all must be as it was. */
    struct context *(*repack)(struct context *context);
    void (*take_off)(struct context *context);
    void (*close)(void);
};

extern const struct fuzz_home fuzz_in_shell, fuzz_resident;

/* Ends the process with the number of the case. */
void fuzz_fail(const char *what);

/* The machine in the context at reset, with this boot sector. */
void fuzz_put_sector(struct context *context, const uint8_t *sector);

/* A machine that only counts in EBX, in a memory that is painted; in a context at reset. */
void fuzz_make_neighbour(struct context *context);
/* It was run on, with these registers before: nothing but its count has changed. */
void fuzz_check_neighbour(const struct context *context, const struct cpu_state *before);

/* What is left to do in a context that a packed machine was laid into. */
void fuzz_go_on(struct context *context);

#endif
