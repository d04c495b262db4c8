/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A population of puppets (tests/guest/puppet.asm): VMs that do what they are told, code included. */
#ifndef MVM_TESTS_PUPPETS_H
#define MVM_TESTS_PUPPETS_H

#include "base/random.h"
#include "vmm/vmm.h"

struct puppets {
    struct vmm *vmm;
    uint64_t count;
    uint64_t patience_ns; /* of puppets_tell() and puppets_counter() */
    struct random random;
};

/* Sensible options: `workers`, 1 MiB, no limit of memory. */
struct vmm_options puppets_options(unsigned workers);

/* The image of MVM_PUPPET, which the tests' environment names. */
const uint8_t *puppets_image(void);

/* Opens a population of `count` and waits until all are ready. Fails the test when one is not. */
void puppets_open(struct puppets *puppets, const struct vmm_options *options, uint64_t count);
void puppets_close(struct puppets *puppets);

/* Sends a line and waits for the answer; a status as of struct vmm_request. */
int puppets_ask(struct puppets *puppets, uint64_t vm, const char *line, char *answer, size_t room,
                uint64_t timeout_ns);

/* Lets a VM execute code: status, 0 when it has taken it. */
int puppets_tell(struct puppets *puppets, uint64_t vm, const uint8_t *code, size_t size);

/* The number at 7000h of a VM. Fails the test when it does not answer. */
uint32_t puppets_counter(struct puppets *puppets, uint64_t vm);

/* Challenges a VM: status, -EILSEQ for a wrong answer. How long it took, when asked for. */
int puppets_challenge(struct puppets *puppets, uint64_t vm, uint64_t timeout_ns, uint64_t *ret_took_ns);

/* Challenges `count` VMs from `first` on, all at once; how many answered rightly within the time. */
uint64_t puppets_alive(struct puppets *puppets, uint64_t first, uint64_t count, uint64_t timeout_ns);

/* Waits until the population has `stopped` VMs that stopped for that reason; fails the test after 10 s. */
void puppets_await_stops(struct puppets *puppets, enum vm_stop stop, uint64_t stopped);

#endif
