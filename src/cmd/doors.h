/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The options of ways in from outside, which `mvm run` and `mvm restore` have in common. */
#ifndef MVM_CMD_DOORS_H
#define MVM_CMD_DOORS_H

#include "base/option.h"
#include "door/gate.h"

struct door_options {
    struct option_list http, tcp;
    bool public, local_route;
    uint64_t connections, header_bytes, output_bytes, waiting, idle_ns, header_ns, answer_ns, lanes;
};

/* Without values; option_set_for() gives it them. */
extern const struct option_set door_option_set;

/* What was asked for: `places` has room for GATE_PLACES. False when no way was. -EINVAL with a sentence. */
int doors_setup(const struct door_options *options, struct place *places, struct gate_setup *ret_setup,
                struct reason *reason);

/* Says where VMs are now, for people: lines on standard output. */
void doors_print(const struct gate *gate, const struct gate_setup *setup, uint64_t numbers);

#endif
