#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stands in for the patched QEMU: a fork server by the protocol of src/engine/fork_server.h, whose VMs speak the guest
protocol.

FAKE_QEMU in the environment makes it misbehave: `ends`: before it is ready; `tired`: after 25 VMs; `leave`: each VM when it is
asked.
"""
import array
import os
import signal
import socket
import struct
import sys

MODE = os.environ.get("FAKE_QEMU", "")


def complain(text, status):
    os.write(2, (text + "\n").encode())
    os._exit(status)


def be_vm(serial):
    serial.sendall(b"mvm1 sleep\n")
    for line in serial.makefile("rb"):
        if not line.startswith(b"?"):
            continue
        if MODE == "leave":
            complain("told to leave", 7)
        state, answer = 0x4D56, b"!"
        for byte in line[1:-1]:
            state = ((state << 5 | state >> 11) + byte) & 0xFFFF
            answer += bytes([ord("a") + (state & 15)])
        serial.sendall(answer + b"\n")
    signal.pause()


def fork_vm(control, serial):
    """Two forks, so that the VM is the child of whoever started this."""
    middle = os.fork()
    if middle:
        os.waitpid(middle, 0)
        return
    vm = os.fork()
    if vm:
        control.send(struct.pack("q", vm))
        os._exit(0)
    control.close()
    be_vm(serial)


def main():
    if sys.argv[1:] == ["--version"]:
        print("QEMU emulator version 0 (a stand-in)")
        return
    if sys.argv[1:] == ["--help"]:
        print("usage: fork-server.py\n-fork-server fd for VMs that are asked for on the socket fd")
        return
    if MODE == "ends":
        complain("no such machine", 1)
    control = socket.socket(fileno=int(sys.argv[sys.argv.index("-fork-server") + 1]))
    control.send(struct.pack("q", 0))
    made = 0
    while True:
        if MODE == "tired" and made == 25:
            complain("tired after 25", 3)
        byte, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not byte:
            return
        serial = socket.socket(fileno=array.array("i", descriptors)[0])
        fork_vm(control, serial)
        serial.close()
        made += 1


main()
