#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs every guest of this folder that uses test.inc on QEMU and on the vmm's machine, and compares what they send on COM1.
Output is TAP.

usage: matrix.py [--qemu QEMU] [--vmm-run VMM_RUN] [--jobs N] [--show] [--keep DIRECTORY] [GUEST...]

QEMU is the judge. On the vmm's machine each guest runs several times: plainly, packed and unpacked at the end of every time
slice of some few instructions, and with learned bases. Every one of these transcripts must be QEMU's, and end in "done".

Comments at the head of a guest say what it needs:

    ; input: TEXT        sent to COM1 when the guest has printed the line "ready"; escapes as in Python's strings
    ; ram: 2             MiB; 1 unless told
    ; drive: floppy      what the image is; a disk unless told
    ; machine: pc        QEMU's machine type; isapc unless told
    ; cpu: 486           QEMU's CPU; a Pentium II unless told
    ; seconds: 5         how long it may take; 20 unless told
    ; ends: reset        it ends by a reset or a triple fault, not by "done": QEMU exits, and vmm-run says so
    ; ends: triple fault
    ; digest             its state and memory are compared too, packed and not, at the same instructions

Where QEMU is wrong, the case says what is right, and why:

    ; judge: datasheet. QEMU does not ... (Intel SDM volume 1, 3.4)
    ; qemu: word at FFFFh 1234
    ; right: word at FFFFh #0d fd

Each line "qemu" stands for a line of QEMU's transcript, and the line "right" after it is what the vmm must send in its
place (nothing but the name: no line). A QEMU that sends the right line is fine too. Where QEMU's process does not survive
the guest, there is `qemu: dies` and the lines "right" after it are the whole transcript.
"""
import argparse
import concurrent.futures
import ctypes
import difflib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1
READY = b"ready\n"
QEMU_TRIES = 3
TIME_IS_OVER = 4  # vmm-run's exit status
# The ways to run a guest on the vmm's machine: a name and the options of vmm-run.
WAYS = [
    ("plain", ["--slice", "1000"]),  # between slices the clock that counts instructions stands still
    ("packed each 50", ["--pack", "--slice", "50"]),
    ("packed each 7", ["--pack", "--slice", "7"]),
    ("learned each 50", ["--learn", "--slice", "50"]),
]
# Guests of the product whose state and memory must be the same at the same instruction, packed or not: what they are sent,
# the instructions of a slice, at how many slices a hash is taken, and seconds of a clock that counts 10 million
# instructions in one.
DIGESTS = {
    "sleep": (b"noise\n?Hello\n?another nonce\r\n", 7, 1, 0.1),
    "tick": (b"?Hello\n", 11, 1, 3),
    "load": (b"?Hello\n", 50, 200, 0.4),
    "web": (b"GET / HTTP/1.0\r\n\r\nGET /none HTTP/1.0\r\n\r\n?Hello\n", 13, 5, 0.1),
}


# Kinds of drives, as QEMU calls them.
INTERFACES = {"disk": "ide", "floppy": "floppy"}


class Guest:
    def __init__(self, path):
        self.name = os.path.splitext(os.path.basename(path))[0]
        self.path = path
        self.settings = {"ram": "1", "drive": "disk", "machine": "isapc", "cpu": "pentium2", "seconds": "20", "input": "",
                         "ends": "done"}
        self.right = []  # pairs of a line of QEMU's and the right one
        self.reason = None
        self.lab = []  # what the laboratory's processor does to lines, for tests/kvm/matrix.py
        self.lab_reason = None
        self.lab_qemu = None
        self.whole = None  # what is right where QEMU dies
        with open(path, encoding="ascii") as file:
            self.text = file.read()
        self.is_matrix = '%include "test.inc"' in self.text
        for line in self.text.splitlines() if self.is_matrix else []:
            if line and not line.startswith(";"):
                break
            found = re.fullmatch(r"; ([a-z-]+):(?: (.*))?", line)
            if found:
                self.set(found[1], found[2] or "")

    def set(self, key, value):
        if key == "judge":
            self.reason = value
        elif key == "lab":
            self.lab_reason = value
        elif key == "from":
            self.lab.append({"from": value.encode()})
        elif key == "kvm":
            self.lab[-1][key] = value.encode()
        elif key == "lab-qemu":
            self.lab_qemu = value
        elif key == "qemu" and value == "dies":
            self.whole = b""
        elif key == "right" and self.whole is not None:
            self.whole += value.encode() + b"\n"
        elif key == "qemu":
            self.right.append((value.encode(), None))
        elif key == "right":
            self.right[-1] = (self.right[-1][0], value.encode())
        elif key in self.settings:
            self.settings[key] = value
        else:
            raise ValueError(f"{self.path}: a comment says '{key}:', which means nothing")
        if self.settings["drive"] not in INTERFACES:
            raise ValueError(f"{self.path}: a drive is one of {', '.join(INTERFACES)}")

    def input(self):
        return self.settings["input"].encode().decode("unicode_escape").encode("latin-1")

    def corrected(self, transcript):
        """QEMU's transcript with the lines put right in which QEMU is known to be wrong."""
        if self.whole is not None:
            return self.whole
        if not self.right:
            return transcript
        lines = transcript.split(b"\n")
        for wrong, right in self.right:
            if wrong in lines:
                at = lines.index(wrong)
                lines[at:at + 1] = [] if not right else [right]
        return b"\n".join(lines)


class Failure(Exception):
    """A guest did not do what it must."""


def die_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def assemble(guest, folder):
    image = os.path.join(folder, guest.name + ".img")
    include = os.path.join(os.path.dirname(guest.path), "")
    done = subprocess.run(["nasm", "-f", "bin", "-Werror", "-I", include, "-o", image, guest.path],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failure(f"nasm: {done.stderr.strip()}")
    if os.path.getsize(image) != 512:
        raise Failure(f"is {os.path.getsize(image)} bytes long, not 512")
    return image


def on_qemu(qemu, guest, image):
    """The transcript."""
    machine = subprocess.Popen(
        [qemu, "-machine", guest.settings["machine"], "-cpu", guest.settings["cpu"], "-m", guest.settings["ram"],
         "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-vga", "std", "-accel", "tcg,tb-size=4",
         "-drive", f"format=raw,file={image},if={INTERFACES[guest.settings['drive']]},snapshot=on", "-serial", "stdio",
         "-device", "isa-debug-exit,iobase=0xf4,iosize=1"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=die_with_parent)
    watch = threading.Timer(float(guest.settings["seconds"]), machine.kill)
    watch.start()
    transcript = b""
    waiting = guest.input()
    try:
        while more := os.read(machine.stdout.fileno(), 65536):
            transcript += more
            if waiting and READY in transcript:
                machine.stdin.write(waiting)
                machine.stdin.flush()
                waiting = b""
        machine.wait()
    finally:
        watch.cancel()
        machine.kill()
        machine.wait()
        complaints = machine.stderr.read().decode(errors="replace").strip()
        machine.stdin.close()
        machine.stdout.close()
        machine.stderr.close()
    # isa-debug-exit ends with twice the byte plus one; a reset with 0.
    if machine.returncode == -signal.SIGKILL or (machine.returncode < 0 and guest.whole is None):
        raise Failure(f"QEMU ran for {guest.settings['seconds']} s without an end; so far: {transcript[-300:]!r}")
    if complaints:
        raise Failure(f"QEMU: {complaints}")
    return transcript


def on_vmm(vmm_run, guest, image, options):
    with tempfile.NamedTemporaryFile() as file:
        command = [vmm_run, image, "--ram", guest.settings["ram"], "--seconds", guest.settings["seconds"], "--no-reboot",
                   "--counted"]
        if guest.settings["drive"] == "floppy":
            command.append("--floppy")
        if guest.input():
            file.write(guest.input())
            file.flush()
            command += ["--input", file.name, "--after", READY.decode()]
        done = subprocess.run(command + options, capture_output=True, check=False, preexec_fn=die_with_parent,
                              timeout=float(guest.settings["seconds"]) + 20)
    complaints = done.stderr.decode(errors="replace").strip()
    ends = {"done": "", "reset": "vmm-run: reset", "triple fault": "vmm-run: stopped: reason 1,"}[guest.settings["ends"]]
    if not complaints.startswith(ends) or (not ends and (complaints or done.returncode)):
        raise Failure(f"ended with status {done.returncode}, {complaints or 'no word'}; sent: {done.stdout[-300:]!r}")
    return done.stdout


def compare(name, expected, got):
    if expected == got:
        return
    lines = difflib.unified_diff(expected.decode("latin-1").splitlines(), got.decode("latin-1").splitlines(),
                                 "expected", name, lineterm="", n=1)
    raise Failure("\n".join(list(lines)[:40]) or f"line ends differ: {expected[-40:]!r}, {got[-40:]!r}")


def check_end(guest, transcript):
    if guest.settings["ends"] == "done" and not transcript.endswith(b"done\n"):
        raise Failure(f"the transcript does not end in 'done': {transcript[-300:]!r}")
    if not transcript.endswith(b"\n"):
        raise Failure(f"the transcript ends within a line: {transcript[-300:]!r}")


def digests(vmm_run, image, data, slice_size, every, seconds, options):
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        command = [vmm_run, image, "--digest", str(every), "--slice", str(slice_size), "--seconds", str(seconds)]
        command += ["--input", file.name] if data else []
        done = subprocess.run(command + options, capture_output=True, check=False, preexec_fn=die_with_parent, timeout=120)
    lines = [line for line in done.stderr.splitlines() if not line.startswith(b"vmm-run")]
    if done.returncode not in (0, TIME_IS_OVER) or len(lines) < 10:
        raise Failure(f"ended with status {done.returncode} after {len(lines)} hashes, {done.stderr[-300:]!r}")
    return lines


class Matrix:
    def __init__(self, options, folder):
        self.options = options
        self.folder = folder

    def ask_judge(self, guest, image):
        """What is right by QEMU, and what the vmm's machine sends. QEMU's clock is the host's, so that on a loaded host a guest
        may find a time-out of a device over: QEMU is asked again when they differ. The vmm's runs count instructions and are
        all the same."""
        got = on_vmm(self.options.vmm_run, guest, image, []) if self.options.vmm_run else None
        for _ in range(QEMU_TRIES):
            expected = on_qemu(self.options.qemu, guest, image)
            if self.options.show:
                sys.stderr.write(expected.decode("latin-1"))
            expected = guest.corrected(expected)
            if got is None or expected == got:
                break
        check_end(guest, expected)
        return expected, got

    def transcripts(self, guest):
        """Yields a description and a failure, or None, for each run."""
        way = "QEMU"
        try:
            image = assemble(guest, self.folder)
            expected, got = self.ask_judge(guest, image)
            yield f"{guest.name}: QEMU", None
            for way, options in WAYS if self.options.vmm_run else []:
                compare(way, expected, on_vmm(self.options.vmm_run, guest, image, options) if options else got)
                yield f"{guest.name}: {way}", None
        except (Failure, subprocess.TimeoutExpired) as failure:
            yield f"{guest.name}: {way}", str(failure)

    def same_digests(self, guest, data, slice_size, every, seconds):
        try:
            image = assemble(guest, self.folder)
            plain = digests(self.options.vmm_run, image, data, slice_size, every, seconds, [])
            for way in ["--pack", "--learn"]:
                other = digests(self.options.vmm_run, image, data, slice_size, every, seconds, [way])
                differ = [at for at, (a, b) in enumerate(zip(plain, other)) if a != b]
                if differ or len(plain) != len(other):
                    raise Failure(f"with {way}, slice {differ[0] if differ else min(len(plain), len(other))} of {len(plain)} "
                                  f"ends in another state")
            yield f"{guest.name}: state and memory at {len(plain)} instants, packed and learned", None
        except (Failure, subprocess.TimeoutExpired) as failure:
            yield f"{guest.name}: state and memory, packed and learned", str(failure)

    def cases(self, names):
        """Functions, each of which yields results."""
        paths = [os.path.join(HERE, name) for name in sorted(os.listdir(HERE)) if name.endswith(".asm")]
        guests = [guest for guest in map(Guest, paths) if guest.is_matrix]
        for guest in guests:
            if not names or guest.name in names:
                yield lambda guest=guest: self.transcripts(guest)
        if not self.options.vmm_run:
            return
        for guest in guests:
            if re.search(r"^; digest$", guest.text, re.M) and (not names or guest.name in names):
                yield lambda guest=guest: self.same_digests(guest, guest.input(), 50, 3, 1)
        for name, how in DIGESTS.items():
            guest = Guest(os.path.join(HERE, "..", "..", "guests", name + ".asm"))
            if not names or guest.name in names:
                yield lambda guest=guest, how=how: self.same_digests(guest, *how)

    def run(self):
        """True when nothing failed."""
        number = failures = 0
        with concurrent.futures.ThreadPoolExecutor(self.options.jobs) as pool:
            pending = [pool.submit(lambda case=case: list(case())) for case in self.cases(self.options.guests)]
            print("TAP version 13", flush=True)
            for future in pending:
                for description, failure in future.result():
                    number += 1
                    print(f"{'not ok' if failure else 'ok'} {number} - {description}")
                    if failure:
                        failures += 1
                        print("\n".join("# " + line[:160] for line in failure.splitlines()), flush=True)
        print(f"1..{number}" if number else "1..0 # SKIP no such guest")
        return failures == 0


def main():
    parser = argparse.ArgumentParser(description="guests on QEMU and on the vmm's machine")
    parser.add_argument("--qemu", default="qemu-system-i386")
    parser.add_argument("--vmm-run")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--show", action="store_true", help="print QEMU's transcripts")
    parser.add_argument("--keep", help="where the images go; a temporary directory unless told")
    parser.add_argument("guests", nargs="*")
    options = parser.parse_args()
    if not shutil.which(options.qemu) or not shutil.which("nasm"):
        print("1..0 # SKIP QEMU and nasm are needed")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        return 0 if Matrix(options, options.keep or folder).run() else 1


if __name__ == "__main__":
    sys.exit(main())
