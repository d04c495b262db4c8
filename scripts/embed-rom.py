#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns the assembled ROMs into a C source.

usage: embed-rom.py OUT.c ROM PC-ROM

They become the arrays `firmware_rom` and `firmware_pc_rom`. One that is not 64 KiB, or that does not start with a jump at
its reset vector, fails the build.
"""
import sys

SIZE = 0x10000
RESET = 0xFFF0
JUMPS = (0xE9, 0xEA, 0xEB)
ARRAYS = ("firmware_rom", "firmware_pc_rom")


def read_rom(path):
    with open(path, "rb") as file:
        rom = file.read()
    if len(rom) != SIZE:
        sys.exit(f"{path}: {len(rom)} bytes, not {SIZE}")
    if rom[RESET] not in JUMPS:
        sys.exit(f"{path}: no jump at the reset vector")
    return rom


def main(arguments):
    if len(arguments) != 1 + len(ARRAYS):
        sys.exit(__doc__)
    with open(arguments[0], "w", encoding="ascii") as file:
        file.write("/* SPDX-License-Identifier: GPL-3.0-or-later */\n"
                   "/* Made by scripts/embed-rom.py from src/vmm/firmware/. */\n"
                   '#include "vmm/firmware/firmware.h"\n')
        for array, path in zip(ARRAYS, arguments[1:]):
            rom = read_rom(path)
            rows = [", ".join(f"0x{byte:02x}" for byte in rom[at:at + 16]) for at in range(0, SIZE, 16)]
            file.write(f"\nconst uint8_t {array}[FIRMWARE_SIZE] = {{\n    " + ",\n    ".join(rows) + ",\n};\n")


main(sys.argv[1:])
