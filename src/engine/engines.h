/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The engines by name, for table.c alone; everybody else finds them through engine_table() and engine_find().
 */
#ifndef MVM_ENGINE_ENGINES_H
#define MVM_ENGINE_ENGINES_H

#include "engine/engine.h"

extern const struct engine engine_null;
extern const struct engine engine_qemu;
extern const struct engine engine_vmm;
extern const struct engine engine_vmm_resident; /* a variant of it */
extern const struct engine engine_exec;
extern const struct engine engine_openstack;
extern const struct engine engine_openstack_log; /* a variant of it */
extern const struct engine engine_libvirt;       /* with HAVE_LIBVIRT; else one that says why not */

#endif
