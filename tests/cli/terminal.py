#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""mvm console on a terminal. usage: terminal.py MVM (with a run `sleep`, and a run `typist` of tests/screen/typist.asm)"""
import os
import select
import signal
import sys
import termios
import time

import pseudo_terminal

mvm = sys.argv[1]


class Session:
    def __init__(self, *arguments, columns=80, rows=25):
        self.output = b""
        self.master, self.slave, self.pid, self.before = pseudo_terminal.start([mvm, "console", *arguments], columns, rows)

    def read(self, seconds):
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if select.select([self.master], [], [], 0.05)[0]:
                self.output += os.read(self.master, 65536)

    def expect(self, text, seconds=10):
        until = time.monotonic() + seconds
        while text not in self.output:
            assert time.monotonic() < until, (text, self.output)
            self.read(0.05)

    def send(self, text):
        self.output = b""
        os.write(self.master, text)

    def is_raw(self):
        return not termios.tcgetattr(self.slave)[3] & (termios.ICANON | termios.ECHO | termios.ISIG)

    def end(self, status):
        until = time.monotonic() + 10
        while True:
            self.read(0.05)
            pid, how = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                break
            assert time.monotonic() < until, self.output
        code = os.waitstatus_to_exitcode(how)
        assert code == status, (code, self.output)
        until = time.monotonic() + 5
        while termios.tcgetattr(self.slave) != self.before:
            assert time.monotonic() < until, "the terminal is not as it was"
            time.sleep(0.05)
        self.read(0.2)
        os.close(self.master)
        os.close(self.slave)


# Serial: bytes as they are, Ctrl-C too; Ctrl-] leaves.
session = Session("--run", "sleep", "0")
session.expect(b"Ctrl-] detaches")
time.sleep(0.2)
assert session.is_raw()
session.send(b"?Hello\n")
session.expect(b"!bkign")
session.send(b"?\x03\x04\x1a\n")
session.expect(b"!")
session.send(b"\x1d")
session.expect(b"detached")
session.end(0)

# Another detach key; with "none", Ctrl-] goes to the VM and only signals end it.
session = Session("--run", "sleep", "0", "--detach-key", "^a")
session.expect(b"Ctrl-a detaches")
session.send(b"\x1d?Hello\x01")
session.end(0)
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
    session = Session("--run", "sleep", "0", "--detach-key", "none")
    session.expect(b"no key detaches")
    session.read(0.2)
    session.send(b"\n?Hello\n")
    session.expect(b"!bkign")
    os.kill(session.pid, number)
    session.end(0)
session = Session("--run", "sleep", "0")
session.expect(b"detaches")
session.read(0.3)
assert session.is_raw()
os.kill(session.pid, signal.SIGKILL)
session.end(-signal.SIGKILL)

# The screen: drawn, typed to, drawn again when the window changes, and gone at the end.
session = Session("--run", "typist", "0", "--screen")
session.expect(b"\x1b[?1049h")
session.expect(b">")
session.send(b"abC\r")
session.expect(b"Cba")
# Keys with sequences are no text: arrows, F1, Alt-x; an Escape alone is a key of its own after a moment.
session.send(b"\x1b[A\x1b[1;5C\x1bOP\x1bx\x1b")
session.read(0.3)
session.send(b"ok\r")
session.expect(b"ko")
pseudo_terminal.resize(session.slave, 40, 10)
session.output = b""
os.kill(session.pid, signal.SIGWINCH)
session.expect(b"\x1b[2J")
session.read(0.2)
assert b"\x1b[11;" not in session.output and b"\x1b[25;" not in session.output, session.output
session.send(b"\x1d")
session.expect(b"\x1b[?1049l")
session.end(0)
session = Session("--run", "typist", "0", "--screen")
session.expect(b"\x1b[?1049h")
session.read(0.3)
os.kill(session.pid, signal.SIGKILL)
session.expect(b"\x1b[?1049l")
session.end(-signal.SIGKILL)
