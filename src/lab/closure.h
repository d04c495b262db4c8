/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What programs need to run elsewhere: libraries, the interpreters of scripts, and QEMU's firmware and
 * modules. */
#ifndef MVM_LAB_CLOSURE_H
#define MVM_LAB_CLOSURE_H

struct reason;
struct tree;

/*
 * Adds to the tree what its files need: for ELF programs and libraries of this machine's kind what the
 * dynamic loader lists, for executable scripts the interpreter of their first line (and what `env` would
 * run), for QEMU (a file named qemu-system-...) the BIOS, the option ROMs and the accelerators. What a
 * program opens by name as it runs cannot be known and is not added. `stop` as in capture.h. A program that
 * lacks a library here is a failure with a sentence.
 */
int closure_add(struct tree *tree, int stop, struct reason *reason);

#endif
