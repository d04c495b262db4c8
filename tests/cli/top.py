#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""mvm top on a terminal. usage: top.py MVM, with the runs `cloud` (100,000 VMs, of vmm) and `other`."""
import os
import re
import select
import signal
import subprocess
import sys
import termios
import time

import pseudo_terminal

mvm = sys.argv[1]
PATIENCE = 60


class Screen:
    """What a terminal of the type xterm shows, as far as ncurses asks for it."""

    SEQUENCE = re.compile(rb"\x1b\[([?>]?)([0-9;]*)([@-~])|\x1b[()].|\x1b[=>78M]|\x0f|\x0e|(.)", re.S)

    def __init__(self, columns, rows):
        self.columns, self.rows, self.row, self.column, self.region = columns, rows, 0, 0, (0, rows)
        self.cells = [[" "] * columns for _ in range(rows)]
        self.modes, self.colours, self.rest = set(), False, b""

    def resize(self, columns, rows):
        """What is beyond goes, what is new is blank, as xterm does it."""
        lines = [line[:columns] + [" "] * (columns - len(line)) for line in self.cells[:rows]]
        self.cells = lines + [[" "] * columns for _ in range(rows - len(lines))]
        self.columns, self.rows, self.region = columns, rows, (0, rows)
        self.stay_inside()

    def stay_inside(self):
        # Column `columns` is behind the last one.
        self.row = min(max(self.row, 0), self.rows - 1)
        self.column = min(max(self.column, 0), self.columns)
        self.region = (min(self.region[0], self.rows - 1), min(self.region[1], self.rows))

    def feed(self, output):
        output = self.rest + output
        cut = output.rfind(b"\x1b")
        self.rest = b""
        if cut >= 0 and not self.SEQUENCE.match(output[cut:]) or output[cut:] == b"\x1b":
            output, self.rest = output[:cut], output[cut:]
        for match in self.SEQUENCE.finditer(output):
            private, numbers, final, text = match.groups()
            if text:
                self.put(text)
            elif final:
                self.control(private, [int(n or 0) for n in numbers.split(b";")], final.decode())
            self.stay_inside()

    def put(self, text):
        if text == b"\r":
            self.column = 0
        elif text == b"\n":
            self.row = min(self.row + 1, self.rows - 1)
        elif text == b"\b":
            self.column = max(self.column - 1, 0)
        elif text >= b" ":
            if self.column < self.columns:
                self.cells[self.row][self.column] = text.decode("latin-1")
            self.last = text
            self.column += 1

    def control(self, private, numbers, final):
        n = max(numbers[0], 1)
        if private:
            for number in numbers:
                (self.modes.add if final == "h" else self.modes.discard)(number)
        elif final == "H":
            self.row, self.column = n - 1, max(numbers[1], 1) - 1 if len(numbers) > 1 else 0
        elif final == "d":
            self.row = n - 1
        elif final == "G":
            self.column = n - 1
        elif final in "ABCD":
            self.row += {"A": -n, "B": n}.get(final, 0)
            self.column += {"C": n, "D": -n}.get(final, 0)
        elif final == "X":
            self.cells[self.row][self.column:self.column + n] = [" "] * min(n, self.columns - self.column)
        elif final == "P":
            line = self.cells[self.row]
            line[self.column:] = line[self.column + n:] + [" "] * min(n, self.columns - self.column)
        elif final == "@":
            line = self.cells[self.row]
            line[self.column:] = ([" "] * n + line[self.column:])[:self.columns - self.column]
        elif final == "b":
            for _ in range(n):
                self.put(self.last)
        elif final == "K":
            first, end = [(self.column, self.columns), (0, self.column + 1), (0, self.columns)][numbers[0]]
            self.cells[self.row][first:end] = [" "] * (end - first)
        elif final == "J":
            self.control(b"", [0], "K") if numbers[0] == 0 else None
            for row in range(self.row + 1 if numbers[0] == 0 else 0, self.rows):
                self.cells[row] = [" "] * self.columns
        elif final == "m":
            self.colours |= any(30 <= number <= 48 and number != 39 for number in numbers)
        elif final in "LMrST":
            # Lines that move within a region.
            if final == "r":
                self.region = (n - 1, numbers[1] if len(numbers) > 1 else self.rows)
                self.row = self.column = 0
                return
            top, end = self.region if final in "ST" else (self.row, self.region[1])
            n = min(n, max(end - top, 0))
            lines, blank = self.cells[top:end], [[" "] * self.columns for _ in range(n)]
            self.cells[top:end] = lines[n:] + blank if final in "MS" else blank + lines[:len(lines) - n]
        elif final not in "hltn":
            raise AssertionError(f"sequence {private} {numbers} {final}")

    def line(self, row):
        return "".join(self.cells[row]).rstrip()

    def text(self):
        return "\n".join(self.line(row) for row in range(self.rows))


class Session:
    def __init__(self, *command, columns=80, rows=24, term="xterm-256color", **environment):
        self.output = b""
        self.screen = Screen(columns, rows)
        self.master, self.slave, self.pid, self.before = pseudo_terminal.start(command, columns, rows, TERM=term, **environment)

    def resize(self, columns, rows):
        self.screen.resize(columns, rows)
        pseudo_terminal.resize(self.master, columns, rows)

    def read(self, seconds=0.05):
        if select.select([self.master], [], [], seconds)[0]:
            output = os.read(self.master, 65536)
            self.output += output
            self.screen.feed(output)

    def expect(self, condition, what):
        until = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < until, f"{what}:\n{self.screen.text()}\n{self.output[-2000:]}"
            self.read()

    def expect_text(self, *texts):
        for text in texts:
            self.expect(lambda: text in self.screen.text(), f"no {text!r}")

    def expect_output(self, text):
        self.expect(lambda: text in self.output, f"no {text!r}")

    def send(self, text):
        self.output = b""
        os.write(self.master, text)

    def end(self, status):
        code = None

        def is_over():
            nonlocal code
            pid, how = os.waitpid(self.pid, os.WNOHANG)
            code = os.waitstatus_to_exitcode(how) if pid else None
            return pid

        self.expect(is_over, "it has not ended")
        while select.select([self.master], [], [], 0)[0]:
            self.read()
        assert code == status, (code, self.output)
        assert termios.tcgetattr(self.slave) == self.before, "the terminal is not as it was"
        # The former screen, and the cursor.
        assert 1049 not in self.screen.modes and 25 in self.screen.modes, self.screen.modes
        os.close(self.master)
        os.close(self.slave)


def top(*options, **how):
    return Session(mvm, "top", *options, **how)


# The screen, keys, and sizes.
session = top("--run", "cloud", "--interval", "200ms")
session.expect_text("mvm top: cloud", "every 0.2 s  running", "100,000 running", "q quit", "busiest VM", "tab next run")
assert 1049 in session.screen.modes and session.screen.colours
assert session.screen.line(0).startswith(" mvm top") and "q quit" in session.screen.line(23)
session.send(b"h")
session.expect_text("leave; the run goes on", "h back")
session.send(b"h")
session.expect_text("100,000 running")
session.send(b" ")
session.expect_text("paused")
session.send(b" ")
session.expect_text("running", "space pause")
session.send(b"-")
session.expect_text("every 0.5 s")
session.send(b"++")
session.expect_text("every 0.1 s")
session.send(b"\x1bOC")
session.expect_text("VMs 0 to ")
session.send(b"\x1bOC\x1bOB\x1bOB\x1bOA\x1bOD")
session.expect(lambda: "VMs " in session.screen.line(22) and "VMs 0 to " not in session.screen.line(22), "no other cell")
session.send(b"\x1b")
session.expect(lambda: "VMs " not in session.screen.line(22), "a cell is marked")
for columns, rows in ((200, 60), (40, 12), (20, 5), (80, 24)):
    session.resize(columns, rows)
    if columns >= 40:
        session.expect(lambda: "q quit" in session.screen.line(rows - 1), "no keys")
        session.expect_text("mvm top: cloud")
    else:
        session.expect_text("at least 40x12")
session.send(b"\t")
session.expect_text("mvm top: other")
session.send(b"\t")
session.expect_text("mvm top: cloud")
session.send(b"q")
session.end(0)

# So many screens; without colours; on a terminal that has none, and on one of eight.
session = top("--run", "cloud", "--count", "2", "--interval", "100ms", NO_COLOR="1")
session.end(0)
assert not session.screen.colours
session = top("--run", "cloud", "--count", "2", "--interval", "100ms", term="xterm")
session.end(0)
assert session.screen.colours and b"38;5" not in session.output
session = top("--run", "cloud", term="vt100")
session.expect_output(b"q quit")
assert not session.screen.colours
session.send(b"q")
session.expect(lambda: os.waitpid(session.pid, os.WNOHANG)[0], "it has not ended")

# Whatever ends it.
for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    session = top("--run", "cloud")
    session.expect_text("q quit")
    os.kill(session.pid, number)
    session.end(0)
session = top("--run", "cloud")
session.expect_text("q quit")
session.send(b"\x03")
session.end(0)

# Held by Ctrl-Z, and gone on with.
shell = Session("bash", "--norc", "--noprofile", "-i", PS1="$ ", HISTFILE="")
shell.expect_output(b"$ ")
shell.send(f"'{mvm}' top --run cloud\r".encode())
shell.expect_text("q quit")
shell.send(b"\x1a")
shell.expect_output(b"Stopped")
assert 1049 not in shell.screen.modes
shell.screen = Screen(80, 24)
shell.send(b"fg\r")
shell.expect_text("mvm top: cloud", "q quit")
shell.send(b"q")
shell.expect(lambda: 1049 not in shell.screen.modes, "the screen is still there")
shell.send(b"\rexit 3\r")
shell.expect(lambda: os.waitpid(shell.pid, os.WNOHANG)[0], "the shell has not ended")

# The run ends, and one that is killed.
session = top("--run", "other")
session.expect_text("q quit")
subprocess.run([mvm, "stop", "--run", "other", "--quiet"], check=True)
session.expect_output(b"the run other has ended")
session.end(0)
session = top("--run", "cloud")
session.expect_text("q quit")
os.kill(int(sys.argv[2]), signal.SIGKILL)
session.expect_output(b"has died")
session.end(1)
