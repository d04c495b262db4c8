/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "vmm/disassembly.h"

#include <capstone/capstone.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct disassembly {
    csh modes[2]; /* 16-bit and 32-bit code */
    cs_insn *instruction;
};

int disassembly_open(struct disassembly **ret_disassembly)
{
    static const cs_mode modes[2] = {CS_MODE_16, CS_MODE_32};
    struct disassembly *disassembly = calloc(1, sizeof(*disassembly));

    if (!disassembly)
        return -ENOMEM;
    for (size_t i = 0; i < 2; i++)
        if (cs_open(CS_ARCH_X86, modes[i], &disassembly->modes[i]) != CS_ERR_OK) {
            disassembly->modes[i] = 0;
            disassembly_close(disassembly);
            return -ENOTSUP;
        }
    disassembly->instruction = cs_malloc(disassembly->modes[0]);
    if (!disassembly->instruction) {
        disassembly_close(disassembly);
        return -ENOMEM;
    }
    *ret_disassembly = disassembly;
    return 0;
}

void disassembly_close(struct disassembly *disassembly)
{
    if (!disassembly)
        return;
    if (disassembly->instruction)
        cs_free(disassembly->instruction, 1);
    for (size_t i = 0; i < 2; i++)
        if (disassembly->modes[i])
            cs_close(&disassembly->modes[i]);
    free(disassembly);
}

size_t disassembly_text(struct disassembly *disassembly, bool code32, uint32_t eip, const uint8_t *bytes,
                        size_t count, char *text, size_t room)
{
    cs_insn *instruction = disassembly->instruction;
    uint64_t address = eip;
    size_t left = count;

    if (!cs_disasm_iter(disassembly->modes[code32], &bytes, &left, &address, instruction)) {
        snprintf(text, room, "(not an instruction)");
        return count > 0 ? 1 : 0;
    }
    snprintf(text, room, "%s%s%s", instruction->mnemonic, instruction->op_str[0] ? " " : "",
             instruction->op_str);
    return instruction->size;
}
