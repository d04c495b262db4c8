/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Kernel modules with all that they depend on. */
#ifndef MVM_LAB_MODULES_H
#define MVM_LAB_MODULES_H

#include <stddef.h>

struct reason;
struct tree;

struct module_list {
    char **paths; /* where they are in the laboratory, in the order in which they are loaded */
    size_t count;
};

/*
 * Adds the module `name` ("kvm_amd" or "kvm-amd") of the kernel whose modules and modules.dep are in `folder`
 * to the tree, uncompressed, and to the list, after the modules that it depends on; those that are in the
 * list already stay where they are. A name that is built into the kernel (modules.builtin) adds nothing.
 * -ENOENT with a sentence when there is no such module.
 */
int modules_add(struct module_list *list, struct tree *tree, const char *folder, const char *name, int stop,
                struct reason *reason);

void module_list_release(struct module_list *list);

#endif
