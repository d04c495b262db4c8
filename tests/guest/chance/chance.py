#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Instructions by chance on QEMU and on the vmm's machine: the same registers, flags, exceptions and memory. Output is TAP.

usage: chance.py [--qemu QEMU] --vmm-run VMM_RUN [--seeds FIRST-LAST] [--steps N] [--verbose] [GROUP...]

Each seed of each group is an image made of chance.asm. Where both differ, the first step that does is shown. Left out is what
is undefined and what QEMU is known to do wrong (see the guests of the matrix); the segments have no limits, as QEMU knows none.
"""
import argparse
import concurrent.futures
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import matrix  # noqa: E402
STEPS = 2000
ARITHMETIC = 0x8D5
ANY = 0xFFFFFFFF
SEGMENTS = [0x26, 0x2E, 0x36, 0x3E, 0x64, 0x65]
SIZES = SEGMENTS + [0x66, 0x66]
REPEATS = [0xF2, 0xF3, 0xF3, 0x66, 0x26, 0x65, 0xF3, 0xF2]


def some(*ranges):
    return [number for first, *last in ranges for number in range(first, (last[0] if last else first) + 1)]


def pairs(*ranges):
    return [second << 8 | 0x0F for second in some(*ranges)]


class Group:
    """What is executed, what flags are looked at, and what numbers the registers hold."""

    def __init__(self, opcodes, flags=ARITHMETIC, prefixes=SIZES, registers=ANY, least=0, code=ANY,
                 program="chance"):
        self.opcodes = opcodes
        self.flags = flags
        self.prefixes = (prefixes + [0] * 8)[:8]
        self.registers = registers
        self.least = least
        self.code = code
        self.program = program

    def defines(self, seed, steps):
        return [f"-DSEED={seed}", f"-DSTEPS={steps}", f"-DFLAGS={self.flags:#x}", f"-DREGISTERS={self.registers:#x}",
                f"-DLEAST={self.least:#x}", f"-DBYTES={self.code:#x}",
                "-DPREFIXES=" + ",".join(map(hex, self.prefixes)), "-DOPCODES=" + ",".join(map(hex, self.opcodes))]


ALU = [opcode for first in range(0, 0x40, 8) for opcode in range(first, first + 6)]
MOVES = some((0x88, 0x8B), (0x8D,), (0x91, 0x93), (0x95, 0x99), (0x9E, 0x9F), (0xA0, 0xA3), (0xB0, 0xB3), (0xB5, 0xBB), (0xBD, 0xBF),
             (0xD6, 0xD7), (0xF5,), (0xF8, 0xF9), (0xFC, 0xFD))
EXTENDED = pairs((0x40, 0x4F), (0x90, 0x9F), (0xB6, 0xB7), (0xBE, 0xBF))
ROTATES = some((0xC0, 0xC1), (0xD0, 0xD3)) + pairs((0xA4, 0xA5), (0xAC, 0xAD))
BITS = pairs((0xA3,), (0xAB,), (0xB3,), (0xBA, 0xBD))
# /1 is TEST in hardware (AMD's manual, volume 3, table A-6), and QEMU has no such.
GROUP3 = [opcode | (mod << 6 | reg << 3 | rm) << 8 for opcode in (0xF6, 0xF7) for reg in (0, 2, 3, 4, 5, 6, 7)
          for mod, rm in ((0, 7), (1, 2), (2, 4), (3, 1), (3, 6))]
GROUPS = {
    "arithmetic": Group(ALU + some((0x40, 0x4F), (0x80, 0x81), (0x83,), (0x84, 0x87), (0xA8, 0xA9), (0xFE,))),
    "moves": Group(MOVES + EXTENDED),
    "exchanges": Group(pairs((0xB0, 0xB1), (0xC0, 0xC1), (0xC7,))),
    "decimal": Group(some((0x27,), (0x2F,)), flags=0xD5, prefixes=[]),
    "ascii": Group(some((0x37,), (0x3F,), (0xD4, 0xD5)), flags=0, prefixes=[]),
    "shifts": Group(ROTATES, flags=0),
    "multiplications": Group(some((0x69,), (0x6B,)) + pairs((0xAF,)) + GROUP3, flags=0),
    "bits": Group(BITS, flags=0),
    "strings": Group(some((0xA4, 0xA7), (0xAA, 0xAF)), prefixes=REPEATS),
    "stack": Group(some((0x06, 0x07), (0x0E,), (0x16,), (0x1E, 0x1F), (0x50, 0x5B), (0x5D, 0x61), (0x68,), (0x6A,), (0x9C, 0x9D),
                        (0xC8,)) + pairs((0xA0, 0xA1), (0xA8, 0xA9))),
    "transfers": Group(some((0x70, 0x7F), (0x9A,), (0xC2, 0xC3), (0xCA, 0xCF), (0xE0, 0xE3), (0xE8, 0xEB), (0xFF,))
                       + pairs((0x80, 0x8F)), prefixes=SEGMENTS),
    "pointers": Group(some((0x62,), (0xC4, 0xC5)) + pairs((0xB4, 0xB5))),
    "addresses": Group(ALU + some((0x88, 0x8B), (0x8D,), (0x84, 0x87), (0xA4, 0xA7), (0xAA, 0xAF), (0xE0, 0xE3), (0xD7,))
                       + EXTENDED, prefixes=[0x67] * 8, registers=0x3FF, least=0x80, code=0xFFFFF),
}


# Numbers that keep 32-bit addresses within the memory: 80h to 3FFh in registers, displacements below 1000h.
SMALL = {"registers": 0x3FF, "least": 0x80, "code": 0xFFFFF}
WIDE = {"program": "chance32", **SMALL}
READABLE = [0x26, 0x36, 0x3E, 0x64, 0x65]  # not CS, which QEMU lets be written
SIZES32 = READABLE + [0x66, 0x66, 0x67]
# Without IRET, which may lead to virtual-8086 mode, and without RET imm16, whose number QEMU takes for a signed one.
GROUPS.update({
    "arithmetic, 32 bits": Group(GROUPS["arithmetic"].opcodes, prefixes=SIZES32, **WIDE),
    "moves, 32 bits": Group([opcode for opcode in MOVES if opcode not in (0xA0, 0xA1, 0xA2, 0xA3)] + EXTENDED, prefixes=SIZES32, **WIDE),
    "exchanges, 32 bits": Group(GROUPS["exchanges"].opcodes, prefixes=SIZES32, **WIDE),
    "shifts, 32 bits": Group(ROTATES, flags=0, prefixes=SIZES32, **WIDE),
    "multiplications, 32 bits": Group(some((0x69,), (0x6B,)) + pairs((0xAF,)), flags=0, prefixes=SIZES32, **WIDE),
    "bits, 32 bits": Group(BITS, flags=0, prefixes=SIZES32, **WIDE),
    "strings, 32 bits": Group(GROUPS["strings"].opcodes, prefixes=REPEATS, **WIDE),
    "stack, 32 bits": Group(GROUPS["stack"].opcodes, prefixes=SIZES32, **WIDE),
    "transfers, 32 bits": Group([opcode for opcode in GROUPS["transfers"].opcodes if opcode not in (0xC2, 0xCA, 0xCF)],
                                 prefixes=READABLE + [0x67], **WIDE),
    "pointers, 32 bits": Group(GROUPS["pointers"].opcodes, prefixes=SIZES32, **WIDE),
})


def build(group, seed, steps, folder, verbose):
    image = os.path.join(folder, f"{seed}{'v' * verbose}.img")
    subprocess.run(["nasm", "-f", "bin", "-Werror", "-I", os.path.join(HERE, "..", ""), "-o", image] + ["-DVERBOSE"] * verbose
                   + group.defines(seed, steps) + [os.path.join(HERE, group.program + ".asm")], check=True)
    return image


class Guest:
    """As matrix.py wants it."""
    settings = {"ram": "1", "machine": "isapc", "cpu": "pentium2", "seconds": "60", "drive": "disk", "ends": "done"}
    whole = None

    @staticmethod
    def input():
        return b""


def transcripts(options, group, seed, folder, verbose):
    image = build(group, seed, options.steps, folder, verbose)
    return matrix.on_qemu(options.qemu, Guest, image), matrix.on_vmm(options.vmm_run, Guest, image, [])


def run(options, name, seed):
    """None, or how they differ."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            qemu, vmm = transcripts(options, GROUPS[name], seed, folder, False)
            matrix.check_end(Guest, qemu)
            if qemu == vmm:
                return None
            qemu, vmm = (text.splitlines() for text in transcripts(options, GROUPS[name], seed, folder, True))
        except (matrix.Failure, subprocess.TimeoutExpired) as failure:
            return str(failure)
    for at, (expected, got) in enumerate(zip(qemu, vmm)):
        if expected != got:
            before = qemu[at - 1].decode() if at else ""
            return f"step {at}:\n before{before}\n QEMU  {expected.decode()}\n vmm   {got.decode()}"
    return "they differ, and not when each step is printed"


def main():
    parser = argparse.ArgumentParser(description="instructions by chance on QEMU and on the vmm's machine")
    parser.add_argument("--qemu", default="qemu-system-i386")
    parser.add_argument("--vmm-run", required=True)
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("groups", nargs="*", default=list(GROUPS))
    options = parser.parse_args()
    if not shutil.which(options.qemu) or not shutil.which("nasm"):
        print("1..0 # SKIP QEMU and nasm are needed")
        return 0
    first, _, last = options.seeds.partition("-")
    cases = [(name, seed) for name in options.groups for seed in range(int(first), int(last or first) + 1)]
    failures = 0
    print(f"TAP version 13\n1..{len(cases)}", flush=True)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = [pool.submit(run, options, *case) for case in cases]
        for number, (case, result) in enumerate(zip(cases, results), 1):
            difference = result.result()
            failures += difference is not None
            print(f"{'ok' if difference is None else 'not ok'} {number} - {case[0]}, seed {case[1]}: {options.steps} steps")
            if difference:
                print("\n".join("# " + line[:200] for line in difference.splitlines()), flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
