#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts a page, its style, its modules and uPlot together as one C source.

usage: embed-page.py OUT.c FOLDER UPLOT_DIST
       embed-page.py OUT.c            (a program without the page)

FOLDER holds page.html with the places {{csp}}, {{style}}, {{plotter}}, {{script}} and {{data}}, page.css, and main.js
with the modules that it imports. The modules become one script: each is put behind those that it imports, and names
that would meet in it fail the build. OUT.c holds what stands before {{data}} and behind it. Scripts and style are
allowed by their SHA-256 (Content Security Policy), so that nothing else in the page runs.
"""
import base64
import hashlib
import os
import re
import sys

IMPORT = re.compile(r"^import\s*\{([^}]*)\}\s*from\s*'\./([\w-]+\.js)';\n", re.MULTILINE)
TOP_LEVEL = re.compile(r"^(?:export )?(?:const|let|class|function) (\w+)", re.MULTILINE)
EXPORTED = re.compile(r"^export (?:const|let|class|function) (\w+)", re.MULTILINE)


def read(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


def gather(folder, name, done, order, names):
    """Appends the module `name` to `order`, those that it imports first; `done` maps modules to what they export."""
    if name in done:
        if done[name] is None:
            sys.exit(f"{name} is imported by what it imports")
        return
    done[name] = None
    text = read(folder, name)
    for wanted, other in IMPORT.findall(text):
        gather(folder, other, done, order, names)
        for one in filter(None, (word.strip() for word in wanted.split(","))):
            if one not in done[other]:
                sys.exit(f"{name} imports {one}, which {other} does not export")
    text, done[name] = IMPORT.sub("", text), set(EXPORTED.findall(text))
    for one in TOP_LEVEL.findall(text):
        if names.setdefault(one, name) != name:
            sys.exit(f"both {names[one]} and {name} have {one}")
    text = re.sub(r"^export ", "", text, flags=re.MULTILINE)
    if re.search(r"^\s*(import|export)\b", text, re.MULTILINE):
        sys.exit(f"{name} imports or exports in a way that this script does not know")
    order.append(text)


def allowed(text):
    return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"


def licence(dist):
    """The notice that uPlot's licence asks for."""
    for path in (os.path.join(dist, "LICENSE"), os.path.join(dist, "..", "LICENSE")):
        if os.path.exists(path):
            return read(path).replace("*/", "")
    sys.exit(f"{dist} and the folder above it lack uPlot's LICENSE")


def page(folder, dist):
    modules = []
    gather(folder, "main.js", {}, modules, {})
    parts = {
        "style": read(dist, "uPlot.min.css") + "\n" + read(folder, "page.css"),
        "plotter": "/*\n" + licence(dist) + "*/\n" + read(dist, "uPlot.iife.min.js"),
        "script": "'use strict';\n" + "\n".join(modules),
    }
    for name, text in parts.items():
        if re.search(r"</(script|style)|<!--", text, re.IGNORECASE):
            sys.exit(f"the {name} holds what would end its element")
    parts["csp"] = ("default-src 'none'; "
                    f"script-src {allowed(parts['plotter'])} {allowed(parts['script'])}; style-src {allowed(parts['style'])}; "
                    "img-src data:; base-uri 'none'; form-action 'none'")
    text = read(folder, "page.html")
    head, tail = text.split("{{data}}")
    fill = lambda part: re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match.group(1)], part)
    return fill(head), fill(tail)


def array(symbol, text):
    data = text.encode() + b"\0"
    rows = [", ".join(f"{byte - 256 if byte > 127 else byte}" for byte in data[at:at + 24]) for at in range(0, len(data), 24)]
    return f"const char {symbol}[] = {{\n    " + ",\n    ".join(rows) + ",\n};\n"


def main(arguments):
    if len(arguments) not in (1, 3):
        sys.exit(__doc__)
    head, tail = page(*arguments[1:]) if len(arguments) == 3 else ("", "")
    with open(arguments[0], "w", encoding="ascii") as file:
        file.write("/* Made by scripts/embed-page.py. */\n#include \"report/html_page.h\"\n\n")
        file.write(array("report_page_head", head) + "\n" + array("report_page_tail", tail))


main(sys.argv[1:])
