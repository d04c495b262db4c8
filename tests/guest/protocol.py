#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks every guest against docs/guest-protocol.md on QEMU, the reference machine, or on the vmm. Output is TAP.

usage: protocol.py MVM_BINARY [QEMU]
       protocol.py MVM_BINARY --vmm-serial PROGRAM    (tests/guest/vmm-serial.c)

The protocol is implemented here a second time, from the document and not from the program's sources.
"""
import concurrent.futures
import ctypes
import functools
import json
import os
import random
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)
RANDOM = random.Random(2013)
PRINTABLE = bytes(range(0x21, 0x7F))
NONCE_BYTES = bytes(byte for byte in range(256) if byte not in (10, 13))


class Failure(Exception):
    """A guest did not do what it must."""


class Skip(Exception):
    """This cannot be seen here."""


def expect(condition, message):
    if not condition:
        raise Failure(message)


# --- The protocol ---

def answer_to(nonce):
    state = 0x4D56
    letters = b"!"
    for byte in nonce:
        state = (((state << 5) | (state >> 11)) + byte) & 0xFFFF
        letters += bytes([ord("a") + (state & 15)])
    return letters


def random_nonce(length):
    """Any bytes but CR and LF."""
    return bytes(RANDOM.choices(NONCE_BYTES, k=length))


def garbage():
    """A line that is no challenge: it does not begin with '?'."""
    length = RANDOM.randrange(0, 60)
    line = bytes(RANDOM.choices(PRINTABLE, k=length))
    return line.lstrip(b"?") + RANDOM.choice([b"\n", b"\r\n"])


# --- Machines ---

def die_with_parent():
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Machine:
    """A process with a serial port; what each kind of machine adds is below."""

    def __init__(self):
        self.received = b""
        self.notes = []
        self.serial, self.serial_end = socket.socketpair()
        self.control, self.control_end = socket.socketpair()
        self.control_file = self.control.makefile("rw")

    def start(self, command):
        fds = (self.serial_end.fileno(), self.control_end.fileno())
        self.process = subprocess.Popen(command, pass_fds=fds, stdin=subprocess.DEVNULL, preexec_fn=die_with_parent)
        self.serial_end.close()
        self.control_end.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.control_file.close()
        self.serial.close()
        self.control.close()

    def note(self, text):
        self.notes.append(text)

    def exchange(self, data, done, timeout=20.0, pace=None):
        """Sends `data` while reading, until done(received) tells how much of what was received is the answer."""
        deadline = time.monotonic() + timeout
        while True:
            length = done(self.received)
            if length is not None and not data:
                answer, self.received = self.received[:length], self.received[length:]
                return answer
            left = deadline - time.monotonic()
            expect(left > 0, f"no answer within {timeout:.0f} s; received so far: {self.received[-80:]!r}")
            readable, writable, _ = select.select([self.serial], [self.serial] if data else [], [], left)
            if readable:
                more = self.serial.recv(65536)
                expect(more, "the machine closed its serial port")
                self.received += more
            if writable:
                size = pace() if pace else 4096
                sent = self.serial.send(data[:size])
                data = data[sent:]
                if pace:
                    time.sleep(0.0002)

    def line(self, data=b"", **options):
        def done(received):
            at = received.find(b"\n")
            return at + 1 if at >= 0 else None
        return self.exchange(data, done, **options).rstrip(b"\n")

    def response(self, data=b"", head=False, **options):
        """An HTTP response: (status, content)."""
        def done(received):
            end = received.find(b"\r\n\r\n")
            if end < 0:
                return None
            match = re.search(rb"\r\nContent-Length: ([0-9]+)\r\n", received[:end + 2])
            expect(match, f"no Content-Length in {received[:end]!r}")
            total = end + 4 + (0 if head else int(match.group(1)))
            return total if len(received) >= total else None
        response = self.exchange(data, done, **options)
        head_text, content = response.split(b"\r\n\r\n", 1)
        expect(head_text.startswith(b"HTTP/1.1 "), f"not HTTP: {head_text!r}")
        return int(head_text.split(b" ")[1]), content

    def ask(self, nonce=None, before=b"", end=b"\n", **options):
        nonce = random_nonce(RANDOM.randrange(0, 40)) if nonce is None else nonce
        got = self.line(before + b"?" + nonce + end, **options)
        expect(got == answer_to(nonce), f"nonce {nonce[:40]!r}: {got[:40]!r}, not {answer_to(nonce)[:40]!r}")

    def silent(self, seconds):
        """Nothing more comes."""
        readable, _, _ = select.select([self.serial], [], [], seconds)
        expect(not readable and not self.received, f"unasked for: {self.received!r}")


class Qemu(Machine):
    def __init__(self, qemu, image, _guest, drive="floppy"):
        super().__init__()
        self.drive = drive
        # A floppy can be read-only, which an IDE disk cannot.
        kind = drive + (",readonly=on" if drive == "floppy" else ",snapshot=on")
        self.start([qemu, "-machine", "isapc", "-m", "1", "-nodefaults", "-display", "none", "-no-user-config",
                    "-accel", "tcg,tb-size=1", "-drive", f"format=raw,file={image},if={kind}",
                    "-chardev", f"socket,id=serial,fd={self.serial_end.fileno()}", "-serial", "chardev:serial",
                    "-chardev", f"socket,id=monitor,fd={self.control_end.fileno()}",
                    "-mon", "chardev=monitor,mode=control"])
        self.control_file.readline()  # the greeting
        self.command("qmp_capabilities")

    def command(self, name, **arguments):
        self.control_file.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        self.control_file.flush()
        while True:
            reply = json.loads(self.control_file.readline())
            if "return" in reply:
                return reply["return"]
            expect("error" not in reply, f"QEMU: {reply}")

    def announced(self, line):
        ready = self.line(timeout=60)
        expect(ready == line.encode(), f"announced as {ready!r}")

    def bios_ticks(self):
        """The BIOS counts its timer interrupts in the double word at 0040:006C."""
        text = self.command("human-monitor-command", **{"command-line": "xp /1wx 0x46c"})
        return int(text.split(":")[1].split()[0], 16)

    def cpu_seconds(self):
        """CPU time of the process, from its clock (clock_getcpuclockid)."""
        return time.clock_gettime(((~self.process.pid) << 3) | 2)

    def sectors_read(self):
        if self.drive == "ide":
            return self.command("query-blockstats")[0]["stats"]["rd_operations"]
        # QEMU does not count the reads of its floppy controller. They are nearly all that its process reads.
        try:
            with open(f"/proc/{self.process.pid}/io", encoding="ascii") as file:
                return int(file.readline().split()[1]) / 512
        except OSError as error:
            raise Skip(f"what QEMU reads cannot be seen: {error}") from error


class Vmm(Machine):
    def __init__(self, program, image, guest, drive="floppy"):
        super().__init__()
        self.counts_reads = False
        self.start([program, image, f"mvm1 {guest}", "floppy" if drive == "floppy" else "disk",
                    str(self.serial_end.fileno()), str(self.control_end.fileno())])
        self.said = self.control_file.readline().strip()

    def ask_number(self, what):
        self.control_file.write(what + "\n")
        self.control_file.flush()
        reply = self.control_file.readline()
        expect(reply, "the machine has ended")
        return float(reply)

    def announced(self, line):
        # The vmm itself compares the line, or the VM is not ready.
        expect(self.said == "ready", f"not announced as {line!r}")

    def bios_ticks(self):
        return int(self.ask_number("ticks"))

    def cpu_seconds(self):
        """Of the worker alone: not what carries bytes between it and this test."""
        return self.ask_number("cpu")

    def sectors_read(self):
        if not self.counts_reads:
            expect(self.ask_number("trace") == 0, "the VM cannot be traced")
            self.counts_reads = True
        return self.ask_number("reads")


# --- Cases; each takes a booted machine that has said that it is ready ---

def announces(guest):
    def case(machine):
        machine.announced(f"mvm1 {guest}")
    return case


def challenges(machine, count=1000):
    for _ in range(count):
        machine.ask(before=b"".join(garbage() for _ in range(RANDOM.randrange(0, 3))),
                    end=RANDOM.choice([b"\n", b"\r\n"]))


def some_challenges(machine):
    challenges(machine, 100)


def overlong(machine):
    machine.ask(nonce=random_nonce(100_000))
    machine.ask(before=b"x" + bytes(RANDOM.choices(PRINTABLE, k=20_000)) + b"\n")


def one_by_one(machine):
    for _ in range(10):
        machine.ask(before=garbage(), pace=lambda: 1)


def bursts(machine):
    nonces = [random_nonce(RANDOM.randrange(0, 60)) for _ in range(300)]
    data = b"".join(garbage() + b"?" + nonce + b"\n" for nonce in nonces)
    got = [machine.line(data, pace=lambda: RANDOM.randrange(1, 200))]
    got += [machine.line() for _ in nonces[1:]]
    expect(got == [answer_to(nonce) for nonce in nonces], "a wrong answer in a burst")


def stays_alive(machine):
    machine.silent(0.2)
    machine.ask()


def web_routes(machine):
    expect(machine.response(b"GET / HTTP/1.0\r\n\r\n") == (200, b"Hello"), "/")
    expect(machine.response(b"GET /about HTTP/1.1\r\nHost: x\r\n\r\n") == (200, b"512 bytes"), "/about")
    expect(machine.response(b"GET /empty HTTP/1.0\r\n\r\n") == (200, b""), "/empty")
    expect(machine.response(b"GET /about?a=1&b=2 HTTP/1.0\r\n\r\n") == (200, b"512 bytes"), "a query")
    expect(machine.response(b"GET /? HTTP/1.0\r\n\r\n") == (200, b"Hello"), "an empty query")


def web_missing(machine):
    for path in b"/nothing", b"/abou", b"/about/", b"/aboux", b"/About", b"//", b"x", b"":
        status, content = machine.response(b"GET " + path + b" HTTP/1.0\r\n\r\n")
        expect((status, content) == (404, b""), f"{path!r}: {status}")


def web_long(machine):
    headers = b"".join(b"X-%d: %s\r\n" % (i, b"y" * 500) for i in range(64)) + b"X: " + b"z" * 32768 + b"\r\n"
    expect(machine.response(b"GET /about HTTP/1.0\r\n" + headers + b"\r\n") == (200, b"512 bytes"), "64 KiB of headers")
    for length in 200, 253, 254, 255, 256, 257, 511, 512, 513, 65536:
        path = b"/about" + b"a" * (length - 6)
        expect(machine.response(b"GET " + path + b" HTTP/1.0\r\n\r\n")[0] == 404, f"a path of {length}")
    query = b"q" * 5000
    expect(machine.response(b"GET /?" + query + b" HTTP/1.0\r\n\r\n") == (200, b"Hello"), "a long query")
    machine.ask()


def web_bare_lf(machine):
    expect(machine.response(b"GET /about HTTP/1.0\nHost: x\n\n") == (200, b"512 bytes"), "LF only")
    expect(machine.response(b"\n\r\n\nGET / HTTP/1.0\n\n") == (200, b"Hello"), "empty lines first")


def web_pipelined(machine):
    paths = [RANDOM.choice([b"/", b"/about", b"/none"]) for _ in range(100)]
    known = {b"/": (200, b"Hello"), b"/about": (200, b"512 bytes"), b"/none": (404, b"")}
    data = b"".join(b"GET " + path + b" HTTP/1.1\r\nHost: x\r\n\r\n" for path in paths)
    got = [machine.response(data)]
    got += [machine.response() for _ in paths[1:]]
    expect(got == [known[path] for path in paths], "pipelined requests")


def web_head(machine):
    expect(machine.response(b"HEAD /about HTTP/1.0\r\n\r\n", head=True) == (200, b""), "HEAD")
    machine.silent(0.2)
    expect(machine.response(b"GET /about HTTP/1.0\r\n\r\n") == (200, b"512 bytes"), "GET after HEAD")


def web_challenges(machine):
    for _ in range(100):
        machine.ask()
        expect(machine.response(b"GET / HTTP/1.0\r\nHost: x\r\n\r\n") == (200, b"Hello"), "between challenges")
    nonce = random_nonce(16)
    got = machine.line(b"GET /about HTTP/1.0\r\n?" + nonce + b"\nHost: x\r\n")
    expect(got == answer_to(nonce), "a challenge among headers")
    expect(machine.response(b"\r\n") == (200, b"512 bytes"), "the request around it")


def web_no_request(machine):
    for line in b"GET", b"GET ", b"GET /", b"GET / ", b"GET / FTP/1.0", b"a b c d", b" ":
        machine.exchange(line + b"\r\n\r\n", lambda received: 0)
        machine.ask()
    expect(machine.response(b"GET / HTTP/1.0\r\n\r\n") == (200, b"Hello"), "a request after them")


def web_default(machine):
    status, content = machine.response(b"GET / HTTP/1.0\r\n\r\n")
    expect(status == 200 and content, f"{status} {content!r}")


def web_work(milliseconds):
    def case(machine):
        # On a shared host a request may take longer than the guest needs, but none can take less than the work, and the
        # least of some is near to it.
        least, deadline = float("inf"), time.monotonic() + 10
        while least > milliseconds * 1.02 + 3 and time.monotonic() < deadline:
            start = time.monotonic()
            expect(machine.response(b"GET / HTTP/1.0\r\n\r\n") == (200, b"Hello"), "the answer")
            took = (time.monotonic() - start) * 1000
            expect(took >= milliseconds * 0.98 - 0.5, f"an answer after {took:.2f} ms")
            least = min(least, took)
        machine.note(f"{milliseconds} ms of work: an answer after {least:.2f} ms")
        # Loose, since other work on the host takes its part.
        expect(least <= milliseconds * 2 + 100, f"no answer before {least:.2f} ms")
        machine.ask()
    return case


def timer_stopped(machine):
    before = machine.bios_ticks()
    time.sleep(1)
    expect(machine.bios_ticks() == before, "the BIOS's timer still ticks")


def no_cpu(machine):
    time.sleep(0.5)
    used = machine.cpu_seconds()
    time.sleep(3)
    used = machine.cpu_seconds() - used
    machine.note(f"idle CPU: {used / 3 * 100:.3f} % of one CPU")
    expect(used < 0.006, f"{used * 1000:.1f} ms of CPU in 3 s of idling")


def wakes(wanted):
    def case(machine):
        before, start = machine.bios_ticks(), time.monotonic()
        time.sleep(3)
        rate = (machine.bios_ticks() - before) / (time.monotonic() - start)
        machine.note(f"{rate:.2f} timer interrupts a second")
        expect(wanted * 0.75 < rate < wanted * 1.04, f"{rate:.2f} timer interrupts a second")
    return case


def reads(rate, seconds):
    def case(machine):
        machine.sectors_read()
        time.sleep(1)
        before, start = machine.sectors_read(), time.monotonic()
        time.sleep(seconds)
        got = (machine.sectors_read() - before) / (time.monotonic() - start)
        machine.note(f"{rate} reads a second asked for, {got:.2f} done")
        expect(rate * 0.9 - 1 / seconds <= got <= rate * 1.1 + 1 / seconds, f"{got:.2f} reads a second")
    return case


def busy(percent):
    def case(machine):
        time.sleep(0.5)
        used, start = machine.cpu_seconds(), time.monotonic()
        while time.monotonic() - start < 3:
            time.sleep(0.2)
            machine.ask()
        share = (machine.cpu_seconds() - used) / (time.monotonic() - start) * 100
        machine.note(f"{percent} % of a CPU asked for, {share:.1f} % seen")
        # Loose, since other work on the host takes its part; bench/load-profile measures this.
        expect(percent * 0.1 <= share <= percent + 8, f"{share:.1f} %")
    return case


LINES = [challenges, overlong, one_by_one, bursts, stays_alive]
WEB = ["--route", "/=Hello", "--route", "/about=512 bytes", "--route", "/empty="]

# (guest, drive, settings, cases): one machine each.
PLAN = [
    ("sleep", "floppy", [], LINES + [timer_stopped, no_cpu]),
    ("sleep", "ide", [], [some_challenges]),
    ("tick", "floppy", [], LINES + [wakes(18.2)]),
    ("tick", "floppy", ["--timer", "100"], [some_challenges, wakes(100), some_challenges]),
    ("web", "floppy", WEB, LINES[:-1] + [timer_stopped, web_routes, web_missing, web_long, web_bare_lf, web_pipelined,
                                         web_head, web_challenges, web_no_request, stays_alive, no_cpu]),
    ("web", "floppy", [], [web_default]),
    ("web", "floppy", ["--route", "/=Hello", "--work", "25"], [web_work(25), some_challenges, timer_stopped, no_cpu]),
    ("web", "floppy", ["--route", "/=Hello", "--work", "200"], [web_work(200)]),
    ("load", "floppy", ["--profile", "30"], LINES + [busy(30)]),
    ("load", "floppy", ["--profile", "100"], [some_challenges, busy(100)]),
    ("load", "floppy", ["--profile", "0"], [some_challenges, busy(0)]),
    ("disk", "floppy", ["--rate", "10"], LINES + [wakes(18.2), reads(10, 4)]),
    ("disk", "floppy", ["--rate", "300"], [some_challenges, reads(300, 2), some_challenges]),
    ("disk", "ide", ["--rate", "10"], [some_challenges, reads(10, 3)]),
]


def title(guest, drive, settings, case):
    name = case.__qualname__.split(".")[0].replace("_", " ")
    told = [] if "--route" in settings and "--work" not in settings else settings
    return " ".join([guest] + (["on " + drive] if drive != "floppy" else []) + told) + ": " + name


def run_machine(mvm, make, directory, index):
    """One row of the plan: yields (title, error, notes) for each case; an error that is a Skip is none."""
    guest, drive, settings, cases = PLAN[index]
    image = os.path.join(directory, f"{index}.img")
    built = subprocess.run([mvm, "image", "build", "--guest", guest, "--out", image] + settings,
                           capture_output=True, text=True)
    if built.returncode != 0:
        why = Failure(built.stderr.strip() or f"mvm image build ended with {built.returncode}")
        return [(f"{guest}: image", why, [])] * (len(cases) + 1)
    verdicts = []
    with make(image, guest, drive) as machine:
        for case in [announces(guest)] + cases:
            error = None
            machine.notes = []
            try:
                case(machine)
            except (Failure, Skip, OSError) as caught:
                error = caught
            verdicts.append((title(guest, drive, settings, case), error, machine.notes))
    return verdicts


def run(mvm, make, directory):
    """Two machines at a time, so that the whole fits in a minute or two."""
    number = 0
    failed = False
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for verdicts in pool.map(lambda index: run_machine(mvm, make, directory, index), range(len(PLAN))):
            for text, error, notes in verdicts:
                number += 1
                skipped = isinstance(error, Skip)
                failed = failed or (error is not None and not skipped)
                for note in notes:
                    print(f"# {note}")
                print(f"{'ok' if error is None or skipped else 'not ok'} {number} - {text}"
                      f"{f' # SKIP {error}' if skipped else ''}")
                if error is not None and not skipped:
                    print(f"# {error}")
                sys.stdout.flush()
    return 1 if failed else 0


def main(arguments):
    if len(arguments) == 3 and arguments[1] == "--vmm-serial":
        make = functools.partial(Vmm, arguments[2])
    elif len(arguments) in (1, 2):
        qemu = shutil.which(arguments[1] if len(arguments) == 2 else "qemu-system-i386")
        if not qemu:
            print("1..0 # SKIP qemu-system-i386 is not installed (Debian package qemu-system-x86)")
            return 0
        make = functools.partial(Qemu, qemu)
    else:
        sys.exit(__doc__)
    mvm = arguments[0]
    # Machines die with the threads that started them.
    for number in signal.SIGTERM, signal.SIGINT:
        signal.signal(number, lambda *_: os._exit(1))
    print(f"1..{sum(len(cases) + 1 for _, _, _, cases in PLAN)}")
    with tempfile.TemporaryDirectory() as directory:
        return run(mvm, make, directory)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
