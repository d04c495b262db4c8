#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hostile clients for bench/door-hostile. usage: door-hostile.py KIND PORT COUNT SECONDS
by address in 127.0.0.0/8; prints what came of them as NAME=VALUE pairs. Kinds: idle (COUNT connections that say nothing), loris
(COUNT that send a byte of a head each second, and come again when they are refused), noise (COUNT a second: malformed requests, heads of
1 MB, resets in the middle)."""
import random
import resource
import socket
import struct
import sys
import time

kind, port, count, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
end = time.monotonic() + seconds
chance = random.Random(1)
HEAD = b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 200
NOISE = [
    b"nonsense\r\n\r\n",
    b"GET / HTTP/1.1\r\nA : b\r\n\r\n",
    b"GET / HTTP/1.1\r\nA: " + b"x" * 1000000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n" * 100,
    b"POST / HTTP/1.1\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100000,
    b"\x16\x03\x01\x02\x00" + bytes(range(256)),
    b"GET / HT",
    b"",
]


def connect():
    client = socket.socket()
    client.setblocking(False)
    address = f"127.0.{chance.randrange(256)}.{chance.randrange(1, 255)}"
    client.connect_ex((address, port))
    return client


def idle():
    clients, closed = [], 0
    pace = max(1, count // 200)
    while time.monotonic() < end:
        for _ in range(min(pace, count - len(clients))):
            clients.append(connect())
        time.sleep(0.02)
    for client in clients:
        try:
            closed += client.recv(1) == b""
        except BlockingIOError:
            pass
        except OSError:
            closed += 1
    print(f"connections={len(clients)} made_room={closed}")


def loris():
    clients = [[connect(), 0] for _ in range(count)]
    refused, turn = 0, 0
    while time.monotonic() < end:
        began = time.monotonic()
        for client in clients[turn % 50 :: 50]:
            try:
                client[0].send(HEAD[client[1] % len(HEAD)].to_bytes(1, "little"))
                client[1] += 1
                client[0].recv(1000)
            except BlockingIOError:
                continue
            except OSError:
                pass
            client[0].close()
            client[:] = connect(), 0
            refused += 1
        turn += 1
        time.sleep(max(0, 0.02 - (time.monotonic() - began)))
    print(f"connections={count} refused={refused}")


def noise():
    sent = 0
    while time.monotonic() < end:
        began = time.monotonic()
        clients = [connect() for _ in range(count // 20)]
        time.sleep(0.01)
        for client in clients:
            try:
                client.send(chance.choice(NOISE))
            except OSError:
                pass
        time.sleep(0.02)
        for client in clients:
            if chance.random() < 0.5:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.close()
        sent += len(clients)
        time.sleep(max(0, 0.05 - (time.monotonic() - began)))
    print(f"connections={sent}")


{"idle": idle, "loris": loris, "noise": noise}[kind]()
