/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Instructions as text, by Capstone, in NASM's order of operands. */
#ifndef MVM_VMM_DISASSEMBLY_H
#define MVM_VMM_DISASSEMBLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct disassembly;

/* -ENOMEM, or -ENOTSUP: this Capstone has no x86. */
int disassembly_open(struct disassembly **ret_disassembly);
void disassembly_close(struct disassembly *disassembly); /* NULL is fine */

/* Writes the instruction that begins at `bytes`, of which `count` are there, into `text` and returns its
 * length in bytes; "(not an instruction)" and 1 when it is none. `eip` is its offset, from which targets of
 * jumps are counted. */
size_t disassembly_text(struct disassembly *disassembly, bool code32, uint32_t eip, const uint8_t *bytes,
                        size_t count, char *text, size_t room);

#endif
