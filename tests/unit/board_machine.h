/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A machine without CPU and memory, for tests of its board. */
#ifndef MVM_TESTS_BOARD_MACHINE_H
#define MVM_TESTS_BOARD_MACHINE_H

#include "vmm/board.h"
#include "vmm/machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define SECOND UINT64_C(1000000000)

enum { IF = 0x200, VECTOR_TIMER = 0x08, VECTOR_KEYBOARD, VECTOR_COM1 = 0x0c, VECTOR_RTC = 0x70, EOI = 0x20 };

struct machine {
    struct context context;
    uint64_t ns; /* what its clock says */
};

/* A machine just reset, at `ns`; interrupts are on. */
void begin(struct machine *machine, uint64_t ns);

/* Another machine in the same state. */
void copy(struct machine *to, const struct machine *from);

/* Lets time go by. */
void pass(struct machine *machine, uint64_t ns);

/* What must always be so. */
void check(const struct machine *machine);

#endif
