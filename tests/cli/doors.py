#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP clients that the way in from outside must survive, and serve rightly.
usage: doors.py PORT RUN_PID (by address in 127.0.0.0/8, of a run of 1000 web VMs whose / is "Hello"; a header of at most 8 KiB that
is waited for 1 s, 2 s without a request)"""
import os
import random
import socket
import struct
import sys
import threading
import time

port, pid = int(sys.argv[1]), sys.argv[2]
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


def descriptors():
    return len(os.listdir(f"/proc/{pid}/fd"))


def connect(vm=7):
    return socket.create_connection((f"127.0.{vm >> 8}.{vm & 255}", port), timeout=30)


class Reader:
    """Answers from a connection, one by one."""

    def __init__(self, client):
        self.client, self.bytes = client, b""

    def more(self):
        got = self.client.recv(65536)
        self.bytes += got
        return got

    def answer(self, head=False):
        while b"\r\n\r\n" not in self.bytes:
            assert self.more(), f"closed after {self.bytes!r}"
        top, _, self.bytes = self.bytes.partition(b"\r\n\r\n")
        lines = top.split(b"\r\n")
        headers = {k.strip().lower(): v.strip() for k, v in (line.split(b":", 1) for line in lines[1:])}
        length = 0 if head else int(headers[b"content-length"])
        while len(self.bytes) < length:
            assert self.more(), "closed in the middle"
        content, self.bytes = self.bytes[:length], self.bytes[length:]
        return int(lines[0].split()[1]), headers, content

    def is_closed(self):
        return self.bytes == b"" and self.more() == b""


def status_of(request, vm=7):
    client = connect(vm)
    client.sendall(request)
    reader = Reader(client)
    status, headers, _ = reader.answer(request.startswith(b"HEAD"))
    client.close()
    return status


before = descriptors()

# Right ones, in pieces of every size, and many at once.
for size in (1, 2, 3, 5, 7, 16, 25):
    client = connect()
    for at in range(0, len(GET), size):
        client.sendall(GET[at : at + size])
        time.sleep(0.001)
    assert Reader(client).answer()[0::2] == (200, b"Hello")
    client.close()
client, reader = connect(), None
client.sendall(GET * 20 + b"HEAD / HTTP/1.1\r\n\r\n" + b"GET /nope HTTP/1.1\r\n\r\n" + b"GET / HTTP/1.0\r\n\r\n" + GET)
reader = Reader(client)
for _ in range(20):
    assert reader.answer()[0::2] == (200, b"Hello")
assert reader.answer(head=True)[0] == 200
assert reader.answer()[0] == 404
assert reader.answer()[0::2] == (200, b"Hello")
assert reader.is_closed(), "HTTP/1.0 is closed after its answer"
client.close()

# A client that sends no more still gets its answer.
client = connect()
client.sendall(GET)
client.shutdown(socket.SHUT_WR)
reader = Reader(client)
assert reader.answer()[0] == 200 and reader.is_closed()
client.close()

# What is refused, and how.
for request, status in [
    (b"hello world, this is no HTTP\r\n\r\n", 400),
    (b"GET /\r\n\r\n", 400),
    (b"GET / HTTP/3.0\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\n?abc\r\n\r\n", 400),
    (b"GET / HTTP/1.1\r\nA: b\r\n\r\rX: y\r\n\r\n", 400),
    (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello, I speak TLS", 400),
    (b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nhello", 501),
    (b"PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 501),
    (b"CONNECT a:1 HTTP/1.1\r\n\r\n", 501),
    (b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\n\r\n", 431),
    (b"GET / HTTP/1.1\r\nA: " + b"x" * 1000000 + b"\r\n\r\n", 431),
    (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200000 + b"\r\n", 431),
]:
    got = status_of(request)
    assert got == status, (request[:60], got)
assert status_of(GET, 1000) == 404
assert status_of(b"HEAD / HTTP/1.1\r\n\r\n", 65535) == 404
assert status_of(GET) == 200

# Slow loris: a byte now and then; and a head that never ends. 408, and nobody else notices.
slow = [connect(i) for i in range(100)]
for client in slow:
    client.sendall(b"GET / HT")
assert status_of(GET, 5) == 200
began = time.monotonic()
for client in slow:
    status, headers, _ = Reader(client).answer()
    assert status == 408 and headers[b"connection"] == b"close"
    client.close()
assert time.monotonic() - began < 25
# One that never says anything is closed without a word.
client = connect()
assert client.recv(100) == b""
client.close()

# Resets: at once, after half a request, after a whole one, with the answer unread.
for request in (b"", b"GET / HT", GET, GET * 50):
    for vm in range(50):
        client = connect(vm)
        client.sendall(request)
        if vm % 3 == 0:
            client.recv(10) if request.startswith(GET) else None
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()

# A client that asks and never reads: its requests are held back.
greedy = connect(3)
greedy.setblocking(False)
sent = 0
try:
    while sent < 50_000_000:
        sent += greedy.send(GET * 1000)
except BlockingIOError:
    pass
assert sent < 40_000_000, sent
assert status_of(GET, 4) == 200
greedy.close()

# Many clients of one VM are all served, and none twice before others once.
done = []


def ask(number):
    client = connect(9)
    reader = Reader(client)
    for turn in range(5):
        client.sendall(GET)
        assert reader.answer()[0::2] == (200, b"Hello")
        done.append(number)
    client.close()


threads = [threading.Thread(target=ask, args=(i,)) for i in range(40)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert len(done) == 200

# Noise.
chance = random.Random(1)
words = [b"GET", b"HEAD", b" ", b"/", b"HTTP/1.1", b"HTTP/1.0", b"\r\n", b"\n", b"\r", b"A: b", b"Content-Length: 1", b"?x",
         b"Host: x", b"\0", b"\xff"]
for _ in range(300):
    client = connect(chance.randrange(1000))
    text = b"".join(chance.choice(words) for _ in range(chance.randrange(1, 30)))
    try:
        client.sendall(text if chance.random() < 0.7 else chance.randbytes(200))
        if chance.random() < 0.3:
            client.sendall(b"\r\n\r\n")
    except OSError:
        pass
    client.close()

# Every VM is as it was, and so is the run.
for vm in range(0, 1000, 7):
    assert status_of(GET, vm) == 200, vm
deadline = time.monotonic() + 20
while descriptors() > before and time.monotonic() < deadline:
    time.sleep(0.1)
assert descriptors() <= before, (before, descriptors())
