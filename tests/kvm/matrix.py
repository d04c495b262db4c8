#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The guest matrix of tests/guest/ on hardware virtualization, in the laboratory: every guest on the vmm with KVM and on QEMU
with KVM sends what it sends on QEMU without KVM and on the vmm with libx86emu. Output is TAP.

usage: matrix.py MVM VMM_RUN QEMU_ROW [--jobs N] [--every N] [--keep FOLDER] [GUEST...]

QEMU with KVM may also send what QEMU without it sends and the case says is wrong: its devices are the same. The laboratory's
processor is QEMU's (TCG), with what that does wrong: no limits of segments, for example. Where a guest's transcript shows the
processor and not our machine, a comment at its head says so (matrix.py of tests/guest/ has the other keys):

    ; lab: WHY           the vmm with KVM, too, may send what QEMU without KVM sends
    ; from: LINE         a line that is right
    ; kvm: LINE          what the vmm sends on KVM in its place; nothing but the name: no line
    ; lab-qemu: WHY      QEMU with KVM is not compared
"""
import argparse
import concurrent.futures
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
LAB_SECONDS = 480
LAB_GUESTS = 75  # in a laboratory, so that one which ends ends few
GUEST_SECONDS = 60
TRIES = 3  # in a laboratory, which is slow: a device's time may be over before the guest has come that far
WAYS = [("qemu", "QEMU with KVM"), ("vmm", "the vmm with KVM"), ("packed", "the vmm with KVM, packed each 200 us"),
        ("resident", "a resident VM of the vmm with KVM")]

# Guests about what is not as in a shell when a VM is resident: its memory, A20, reset, and how it ends.
RESIDENT = re.compile("a20|memory|move|reset|reboot|fault|wrap|hlt|halt|self-modify|coprocessor|unreal|disk$|clock$")

sys.dont_write_bytecode = True
_spec = importlib.util.spec_from_file_location("guest_matrix", os.path.join(HERE, "..", "guest", "matrix.py"))
matrix = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(matrix)


def find_qemu():
    """The program, not the script that some Debian packages have in its place."""
    path = "/usr/libexec/qemu-system-i386"
    return path if os.path.exists(path) else shutil.which("qemu-system-i386")


def why_not(mvm):
    """What the guests or the laboratory lack, the latter as setup_file() of common.bash says it; None: nothing."""
    for program in ["nasm", "qemu-system-i386", "qemu-system-x86_64", "busybox"]:
        if not shutil.which(program):
            return f"{program} is not installed"
    said = subprocess.run([mvm, "lab", "--fetch"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return "no kernel for the laboratory: " + said.stdout.strip().rpartition("\n")[2] if said.returncode else None


def plan_line(guest, image, input_file, alone):
    settings = guest.settings
    ends = "alone" if alone and settings["ends"] == "done" else settings["ends"].replace(" ", "-")
    return " ".join([guest.name, image, settings["ram"], matrix.INTERFACES[settings["drive"]], settings["machine"],
                     settings["cpu"], str(GUEST_SECONDS), input_file, ends])


def prepare(guests, folder, alone):
    """Images, inputs and the plan: guests that share a machine stand together. `alone`: each has a QEMU of its own all the same,
    as a reset leaves memory as it was."""
    lines = []
    for guest in guests:
        image = matrix.assemble(guest, folder)
        input_file = "-"
        if guest.input():
            input_file = os.path.join(folder, guest.name + ".input")
            with open(input_file, "wb") as file:
                file.write(guest.input())
        lines.append((guest.settings["ends"] != "done", guest.settings["drive"], guest.settings["ram"],
                      plan_line(guest, image, input_file, alone)))
    with open(os.path.join(folder, "resident"), "w", encoding="ascii") as file:
        file.writelines(guest.name + "\n" for guest in guests if RESIDENT.search(guest.name))
    plan = os.path.join(folder, "plan")
    with open(plan, "w", encoding="ascii") as file:
        file.writelines(line[-1] + "\n" for line in sorted(lines, key=lambda line: line[:3]))
    return plan


def in_labs(options, guests, folder, out, alone):
    """Runs them, some at a time: QEMU in one laboratory and the vmm in another one beside it. Both in one, on two CPUs, brought
    QEMU's emulation of two CPUs in guests to a stand now and then. The last status that is none of success."""
    status = 0
    for at in range(0, len(guests), LAB_GUESTS):
        plan = prepare(guests[at:at + LAB_GUESTS], folder, alone)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            for ended in pool.map(lambda what: in_lab(options, what, folder, out, plan), ["vmm", "qemu"]):
                status = ended or status
    return status


def in_lab(options, what, folder, out, plan):
    qemu = find_qemu()
    program = options.qemu_row if what == "qemu" else options.vmm_run
    inside = os.path.join(out, what)  # an own folder for each, as all that is in it comes back
    command = [options.mvm, "lab", "--quiet", "--memory", "1G", "--timeout", f"{LAB_SECONDS}s"]
    for taken in [folder, program] + ([qemu] if what == "qemu" else []):
        command += ["--with", taken]
    command += ["--out", inside, "--", os.path.join(HERE, "matrix-inside"), what, program, plan, inside, qemu]
    return subprocess.run(command, stdout=sys.stderr, check=False).returncode


def expected(options, guest, folder):
    """What is right, by QEMU without KVM and by the vmm with libx86emu, which agree; or what failed."""
    try:
        image = os.path.join(folder, guest.name + ".img")
        got = matrix.on_vmm(options.vmm_run, guest, image, [])
        for _ in range(matrix.QEMU_TRIES):
            raw = matrix.on_qemu("qemu-system-i386", guest, image)
            right = guest.corrected(raw)
            if right == got:
                break
        matrix.compare("the vmm, emulated", right, got)
        return right, raw, None
    except (matrix.Failure, subprocess.TimeoutExpired) as failure:
        return None, None, str(failure)


def lines_of(guest, right):
    """The right transcript with the lines that the laboratory's processor sends in place of others."""
    lines = right.split(b"\n")
    for place in guest.lab:
        if place["from"] in lines:
            at = lines.index(place["from"])
            lines[at:at + 1] = [place["kvm"]] if place["kvm"] else []
    return b"\n".join(lines)


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def judge(guest, right, raw, out, way):
    """Raises Failure."""
    out = os.path.join(out, "qemu" if way == "qemu" else "vmm")
    got = read(os.path.join(out, f"{guest.name}.{way}"))
    if got is None:
        raise matrix.Failure("it did not end in time")
    if way != "qemu":
        said = read(os.path.join(out, f"{guest.name}.{way}.end")).decode(errors="replace")
        ends = {"done": "status 0", "reset": "vmm-run: reset", "triple fault": "vmm-run: stopped: reason 1,"}
        if not said.startswith(ends[guest.settings["ends"]]):
            raise matrix.Failure(f"{said.strip()}; sent: {got[-300:]!r}")
    if got == raw and (way == "qemu" or guest.lab_reason):
        return
    matrix.compare(way, right if way == "qemu" else lines_of(guest, right), got)


def ways_of(guest):
    wanted = {"qemu": not guest.lab_qemu, "packed": guest.name.startswith("cpu-"), "resident": RESIDENT.search(guest.name)}
    return [way for way in WAYS if wanted.get(way[0], True)]


def failures_of(guest, right, out):
    """The ways in which it failed, and how."""
    failures = {}
    for way, _ in ways_of(guest):
        try:
            judge(guest, right[0], right[1], out, way)
        except matrix.Failure as failure:
            failures[way] = str(failure)
    return failures


def main():
    parser = argparse.ArgumentParser(description="the guest matrix on KVM")
    parser.add_argument("mvm")
    parser.add_argument("vmm_run")
    parser.add_argument("qemu_row")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--every", type=int, default=1, help="of the guests every N-th, for a short run")
    parser.add_argument("--keep", help="where images and transcripts go; a temporary directory unless told")
    parser.add_argument("guests", nargs="*")
    options = parser.parse_args()
    for name in ["mvm", "vmm_run", "qemu_row"]:
        setattr(options, name, os.path.abspath(getattr(options, name)))
    reason = why_not(options.mvm)
    if reason:
        print(f"1..0 # SKIP {reason}")
        return
    print("TAP version 13", flush=True)
    here = os.path.join(HERE, "..", "guest")
    guests = [matrix.Guest(os.path.join(here, name)) for name in sorted(os.listdir(here)) if name.endswith(".asm")]
    guests = [guest for guest in guests if guest.is_matrix and (not options.guests or guest.name in options.guests)]
    for guest in [guest for guest in guests if guest.whole is not None]:
        print(f"# {guest.name} is left out: QEMU's process, which is the laboratory's processor, does not survive it")
        guests.remove(guest)
    guests = guests[::options.every]
    with tempfile.TemporaryDirectory() as temporary:
        folder = os.path.abspath(options.keep) if options.keep else temporary
        out = os.path.join(folder, "out")
        os.makedirs(out, exist_ok=True)
        for guest in guests:
            matrix.assemble(guest, folder)
        status = in_labs(options, guests, folder, out, False)
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            rights = list(pool.map(lambda guest: expected(options, guest, folder), guests))
        for _ in range(TRIES - 1):
            again = [guest for guest, right in zip(guests, rights) if right[0] is not None and failures_of(guest, right, out)]
            if not again:
                break
            print(f"# again: {' '.join(guest.name for guest in again)}", flush=True)
            status = in_labs(options, again, folder, out, True)
        sys.exit(0 if report(guests, rights, out, status) else 1)


def report(guests, rights, out, status):
    number = failures = 0
    for guest, right in zip(guests, rights):
        failed = {"": right[2]} if right[2] else failures_of(guest, right, out)
        for way, name in ways_of(guest) if not right[2] else [("", "without KVM")]:
            number += 1
            failure = failed.get(way)
            failures += failure is not None
            print(f"{'not ok' if failure else 'ok'} {number} - {guest.name}: {name}")
            for line in (failure or "").splitlines():
                print("# " + "".join(c if c.isprintable() else "?" for c in line[:160]))
    number += 1
    print(f"{'not ok' if status else 'ok'} {number} - the laboratory ended with status {status}")
    print(f"1..{number}")
    return failures == 0 and status == 0


if __name__ == "__main__":
    main()
