#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""mvm console to a server of a cloud, on a terminal. usage: openstack-terminal.py MVM"""
import os
import sys

import pseudo_terminal

master, slave, pid, _ = pseudo_terminal.start([sys.argv[1], "console", "0"], 80, 25)
said = b""


def expect(words):
    global said
    while words not in said:
        said += os.read(master, 65536)
    said = said.split(words, 1)[1]


expect(b"Ctrl-] detaches")
os.write(master, b"?Hello\n")
expect(b"!bkign")
os.write(master, b"?\x03\x04\n")  # not the terminal's: Ctrl-C and Ctrl-D go to the VM
expect(b"\n")
os.write(master, b"\x1d")
expect(b"detached")
assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
