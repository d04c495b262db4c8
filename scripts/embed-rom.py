#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns the assembled ROM into a C source.

usage: embed-rom.py OUT.c ROM

The ROM becomes the array `firmware_rom`. One that is not 64 KiB, or that does not start with a jump at its reset
vector, fails the build.
"""
import sys

SIZE = 0x10000
RESET = 0xFFF0
JUMPS = (0xE9, 0xEA, 0xEB)


def main(arguments):
    if len(arguments) != 2:
        sys.exit(__doc__)
    source_path, rom_path = arguments
    with open(rom_path, "rb") as file:
        rom = file.read()
    if len(rom) != SIZE:
        sys.exit(f"{rom_path}: {len(rom)} bytes, not {SIZE}")
    if rom[RESET] not in JUMPS:
        sys.exit(f"{rom_path}: no jump at the reset vector")
    rows = [", ".join(f"0x{byte:02x}" for byte in rom[at:at + 16]) for at in range(0, SIZE, 16)]
    with open(source_path, "w", encoding="ascii") as file:
        file.write("/* SPDX-License-Identifier: GPL-3.0-or-later */\n"
                   "/* Made by scripts/embed-rom.py from src/vmm/firmware/. */\n"
                   '#include "vmm/firmware/firmware.h"\n\n'
                   "const uint8_t firmware_rom[FIRMWARE_SIZE] = {\n    " + ",\n    ".join(rows) + ",\n};\n")


main(sys.argv[1:])
