#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turns the files of the run's page into one C source.

usage: embed-files.py OUT.c OUT.h FILE...

A file NAME is served as /NAME, and index.html as /. The media type is by the name's end. What loads anything from elsewhere
than its own place, or has script or style of its own inside HTML, fails the build: the page's Content-Security-Policy would
not let it run.
"""
import os
import re
import sys

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
NOTICE = "/* SPDX-License-Identifier: GPL-3.0-or-later */\n/* Made by scripts/embed-files.py from src/web/page/. */\n"


def check(path, text):
    if path.endswith(".html"):
        for found in re.findall(r"<style|<script(?![^>]*\bsrc=)|\son[a-z]+=|\sstyle=", text):
            sys.exit(f"{path}: '{found}' would be refused by the page's Content-Security-Policy")
    for found in re.findall(r"(?:src|href)=[\"']?(?:https?:)?//|\b(?:innerHTML|outerHTML|insertAdjacentHTML|eval)\b", text):
        sys.exit(f"{path}: '{found}' has no place in this page")


def array(symbol, data):
    rows = [", ".join(f"0x{byte:02x}" for byte in data[at:at + 16]) for at in range(0, len(data), 16)]
    return f"static const unsigned char {symbol}[] = {{\n    " + ",\n    ".join(rows) + ",\n};\n"


def main(arguments):
    if len(arguments) < 3:
        sys.exit(__doc__)
    source_path, header_path, *files = arguments
    source = [NOTICE, f'#include "{os.path.basename(header_path)}"\n']
    rows = []
    for number, path in enumerate(files):
        name = os.path.basename(path)
        with open(path, "rb") as file:
            data = file.read()
        check(path, data.decode("utf-8"))
        served = "/" if name == "index.html" else "/" + name
        source.append(array(f"file_{number}", data))
        rows.append(f'    {{"{served}", "{TYPES[os.path.splitext(name)[1]]}", file_{number}, sizeof(file_{number})}},')
    source.append("const struct embedded_page_file embedded_page_files[] = {\n" + "\n".join(rows) + "\n};\n")
    source.append(f"const size_t embedded_page_file_count = {len(rows)};\n")
    with open(source_path, "w", encoding="ascii") as file:
        file.write("\n".join(source))
    with open(header_path, "w", encoding="ascii") as file:
        file.write(NOTICE + """#ifndef MVM_WEB_PAGE_EMBEDDED_H
#define MVM_WEB_PAGE_EMBEDDED_H

#include <stddef.h>

/* A file of the run's page: where it is served, its media type, and what is in it. */
struct embedded_page_file {
    const char *path, *type;
    const unsigned char *bytes;
    size_t length;
};

extern const struct embedded_page_file embedded_page_files[];
extern const size_t embedded_page_file_count;

#endif
""")


main(sys.argv[1:])
