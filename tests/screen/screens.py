#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Boots the sectors of this folder, which are such as people write for a PC, on QEMU and on the vmm, types on both, and
compares the screens: characters and attributes. Output is TAP.

usage: screens.py [--qemu QEMU] [--show] SCREEN_RUN [NAME...]

Comments at the head of a sector say what is done with it:

    ; until: TEXT       the screen is compared once it shows this
    ; when: TEXT        the keys are typed once it shows this
    ; keys: a shift+b   by QEMU's names
    ; seconds: 20       how long it may take; 20 unless told
    ; hide: 1 0 8       not compared: in line 1, from column 0 on, 8 columns (may stand several times)
"""
import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
COLUMNS, LINES = 80, 25
# Scan codes of set 1 (IBM PC/AT Technical Reference, "Keyboard").
ROWS = {0x02: "1 2 3 4 5 6 7 8 9 0 minus equal backspace tab q w e r t y u i o p",
        0x1c: "ret ctrl a s d f g h j k l", 0x2a: "shift", 0x2c: "z x c v b n m", 0x39: "spc", 0x01: "esc",
        0x48: "up", 0x4b: "left", 0x4d: "right", 0x50: "down"}
CODES = {name: first + at for first, names in ROWS.items() for at, name in enumerate(names.split())}
EXTENDED = {"up", "left", "right", "down"}


class Failure(Exception):
    """Something did not go as it must."""


class Sector:
    def __init__(self, path, folder):
        self.name = os.path.splitext(os.path.basename(path))[0]
        self.image = os.path.join(folder, self.name + ".img")
        self.settings = {"until": "", "when": "", "keys": "", "seconds": "20"}
        self.hidden = []
        with open(path, encoding="ascii") as file:
            for line in file:
                found = re.fullmatch(r"; ([a-z]+): (.*)\n", line)
                if found and found[1] == "hide":
                    self.hidden.append([int(number) for number in found[2].split()])
                elif found and found[1] in self.settings:
                    self.settings[found[1]] = found[2]
        done = subprocess.run(["nasm", "-f", "bin", "-Werror", "-o", self.image, path], capture_output=True, text=True, check=False)
        if done.returncode:
            raise Failure(f"nasm: {done.stderr.strip()}")

    def keys(self):
        return [key.split("+") for key in self.settings["keys"].split()]

    def scan_codes(self):
        codes = bytearray()
        for key in self.keys():
            for name in key:
                codes += (b"\xe0" if name in EXTENDED else b"") + bytes([CODES[name]])
            for name in reversed(key):
                codes += (b"\xe0" if name in EXTENDED else b"") + bytes([CODES[name] | 0x80])
        return codes.hex()


class Qemu:
    """A machine, and its monitor (QMP)."""

    def __init__(self, qemu, sector, folder):
        path = os.path.join(folder, "monitor")
        self.page = os.path.join(folder, "page")
        self.process = subprocess.Popen(
            [qemu, "-machine", "isapc", "-cpu", "pentium2", "-m", "1", "-nodefaults", "-no-user-config", "-display", "none",
             "-vga", "std", "-accel", "tcg,tb-size=4", "-drive", f"format=raw,file={sector.image},if=ide,snapshot=on",
             "-qmp", f"unix:{path},server=on,wait=off"], stderr=subprocess.PIPE)
        until = time.monotonic() + 10
        self.monitor = socket.socket(socket.AF_UNIX)
        while True:
            try:
                self.monitor.connect(path)
                break
            except OSError:
                if time.monotonic() > until or self.process.poll() is not None:
                    raise Failure("QEMU does not start") from None
                time.sleep(0.02)
        self.answers = self.monitor.makefile("r")
        self.answers.readline()
        self.command("qmp_capabilities")

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()
        self.answers.close()
        self.monitor.close()

    def command(self, name, **arguments):
        self.monitor.sendall(json.dumps({"execute": name, "arguments": arguments}).encode() + b"\n")
        for line in self.answers:
            answer = json.loads(line)
            if "error" in answer:
                raise Failure(f"QEMU: {answer['error']['desc']}")
            if "return" in answer:
                return
        raise Failure("QEMU has ended")

    def screen(self):
        self.command("pmemsave", val=0xb8000, size=COLUMNS * LINES * 2, filename=self.page)
        with open(self.page, "rb") as file:
            return file.read()

    def type(self, keys):
        for key in keys:
            self.command("send-key", keys=[{"type": "qcode", "data": name} for name in key], **{"hold-time": 20})
            time.sleep(0.05)


def text_of(screen):
    return bytes(byte or 32 for byte in screen[::2]).decode("latin-1")


def on_qemu(qemu, sector):
    with tempfile.TemporaryDirectory() as folder:
        machine = Qemu(qemu, sector, folder)
        try:
            keys = sector.keys()
            until = time.monotonic() + float(sector.settings["seconds"])
            while time.monotonic() < until:
                screen = machine.screen()
                if sector.settings["until"] in text_of(screen):
                    return screen
                if keys and sector.settings["when"] in text_of(screen):
                    machine.type(keys)
                    keys = None
                time.sleep(0.05)
            raise Failure(f"on QEMU '{sector.settings['until']}' did not come:\n{picture(screen)}")
        finally:
            machine.close()


def on_vmm(screen_run, sector):
    command = [screen_run, sector.image, sector.settings["seconds"], sector.settings["until"]]
    if sector.settings["keys"]:
        command += [sector.settings["when"], sector.scan_codes()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    characters, attributes = (bytes.fromhex(part) for part in
                              ("".join(done.stdout.split("\n")[at:at + LINES]) for at in (0, LINES)))
    screen = bytes(byte for cell in zip(characters, attributes) for byte in cell)
    if done.returncode:
        raise Failure(f"on the vmm: {done.stderr.strip()}\n{picture(screen)}")
    return screen


def picture(screen):
    text = "".join(character if " " <= character <= "~" else "." for character in text_of(screen))
    return "\n".join(text[at:at + COLUMNS].rstrip() for at in range(0, COLUMNS * LINES, COLUMNS)).rstrip()


def compare(sector, expected, got):
    hidden = {line * COLUMNS + column for line, first, count in sector.hidden for column in range(first, first + count)}
    differ = [cell for cell in range(COLUMNS * LINES)
              if cell not in hidden and expected[2 * cell:2 * cell + 2] != got[2 * cell:2 * cell + 2]]
    if differ:
        cells = ", ".join(f"line {cell // COLUMNS} column {cell % COLUMNS}: {expected[2 * cell:2 * cell + 2].hex()} on QEMU, "
                          f"{got[2 * cell:2 * cell + 2].hex()} on the vmm" for cell in differ[:4])
        raise Failure(f"{len(differ)} cells differ: {cells}\non QEMU:\n{picture(expected)}\non the vmm:\n{picture(got)}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("screen_run")
    parser.add_argument("--qemu", default="qemu-system-i386")
    parser.add_argument("--show", action="store_true")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    if not shutil.which(options.qemu) or not shutil.which("nasm"):
        print("1..0 # SKIP QEMU and nasm are needed")
        return 0
    paths = [os.path.join(HERE, name) for name in sorted(os.listdir(HERE)) if name.endswith(".asm")]
    failures = number = 0
    print("TAP version 13", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for path in paths:
            name = os.path.splitext(os.path.basename(path))[0]
            if options.names and name not in options.names:
                continue
            number += 1
            try:
                sector = Sector(path, folder)
                expected = on_qemu(options.qemu, sector)
                got = on_vmm(options.screen_run, sector)
                compare(sector, expected, got)
                if options.show:
                    print(picture(got), file=sys.stderr)
                print(f"ok {number} - {name}", flush=True)
            except Failure as failure:
                failures += 1
                print(f"not ok {number} - {name}\n" + "\n".join("# " + line for line in str(failure).splitlines()), flush=True)
    print(f"1..{number}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
