#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns assembled guests into one C source.

usage: embed-guests.py OUT.c OUT.h IMAGE...

An image NAME.img becomes the array `embedded_NAME` of 512 bytes, with '-' in names written '_'. An image that is not a
signed boot sector with a descriptor fails the build.
"""
import os
import sys

IMAGE_SIZE = 512


def load(path):
    with open(path, "rb") as file:
        data = file.read()
    if len(data) != IMAGE_SIZE:
        sys.exit(f"{path}: {len(data)} bytes, not {IMAGE_SIZE}")
    if data[510:] != b"\x55\xaa":
        sys.exit(f"{path}: no boot signature")
    if data[0] != 0xEB or data[2:6] != b"MVM\x01":
        sys.exit(f"{path}: no descriptor")
    return data


def array(symbol, data):
    rows = [", ".join(f"0x{byte:02x}" for byte in data[at:at + 16]) for at in range(0, IMAGE_SIZE, 16)]
    return f"const uint8_t {symbol}[IMAGE_SIZE] = {{\n    " + ",\n    ".join(rows) + ",\n};\n"


def main(arguments):
    if len(arguments) < 3:
        sys.exit(__doc__)
    source_path, header_path, *images = arguments
    notice = "/* SPDX-License-Identifier: GPL-3.0-or-later */\n/* Made by scripts/embed-guests.py from guests/. */\n"
    guard = "MVM_GUESTS_EMBEDDED_H"
    source = [notice, f'#include "{os.path.basename(header_path)}"\n']
    header = [notice, f"#ifndef {guard}\n#define {guard}\n", '#include "guest/image.h"\n']
    for image in images:
        symbol = "embedded_" + os.path.splitext(os.path.basename(image))[0].replace("-", "_")
        source.append(array(symbol, load(image)))
        header.append(f"extern const uint8_t {symbol}[IMAGE_SIZE];")
    header.append("\n#endif\n")
    with open(source_path, "w", encoding="ascii") as file:
        file.write("\n".join(source))
    with open(header_path, "w", encoding="ascii") as file:
        file.write("\n".join(header))


main(sys.argv[1:])
