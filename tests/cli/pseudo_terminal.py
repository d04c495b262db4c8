# SPDX-License-Identifier: GPL-3.0-or-later
"""A program on a pseudoterminal, for tests of what mvm does on a terminal."""
import fcntl
import os
import pty
import struct
import termios


def resize(terminal, columns, rows):
    """The kernel sends SIGWINCH to the foreground, by the master's end; before there is one, by the slave's."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def start(command, columns, rows, **environment):
    """The master's and the slave's end, the process, which has the terminal as its own, and the settings before it."""
    master, slave = pty.openpty()
    resize(slave, columns, rows)
    before = termios.tcgetattr(slave)
    pid = os.fork()
    if pid == 0:
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        for fd in (0, 1, 2):
            os.dup2(slave, fd)
        os.environ.update(environment)
        os.execvp(command[0], command)
    return master, slave, pid, before
