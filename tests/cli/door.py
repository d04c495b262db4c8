#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Clients that a door must survive. usage: door.py SOCKET (of a run of 50 VMs)"""
import json
import os
import random
import socket
import sys
import time

path = sys.argv[1]


def connect(greeted=True):
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.settimeout(20)
    # The path may be longer than an address has room for.
    directory = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY)
    client.connect(f"/proc/self/fd/{directory}/control")
    os.close(directory)
    stream = client.makefile("rwb")
    if greeted:
        greeting = json.loads(stream.readline())
        assert greeting["mvm-control"] == 1 and greeting["run"] == "door", greeting
    return client, stream


def say(stream, line):
    stream.write(line + b"\n")
    stream.flush()
    return json.loads(stream.readline())


def refuses(stream, line, word):
    answer = say(stream, line)
    assert answer["ok"] is False and answer["usage"] is True and word in answer["error"], (line, answer)


# What is no command, on one connection that goes on to work.
client, stream = connect()
for line, word in [
    (b"", "JSON"),
    (b"hello", "JSON"),
    (b"{", "JSON"),
    (b"[1,2]", "do"),
    (b'{"do":5}', "do"),
    (b'{"do":"dance"}', "dance"),
    (b'{"do":"ask"}', "vm"),
    (b'{"do":"ask","vm":-1,"text":"x"}', "vm"),
    (b'{"do":"ask","vm":1e3,"text":"x"}', "vm"),
    (b'{"do":"ask","vm":50,"text":"x"}', "no VM 50"),
    (b'{"do":"ask","vm":0}', "text"),
    (b'{"do":"ask","vm":0,"text":"\\u0100"}', "U+00FF"),
    (b'{"do":"ask","vm":0,"text":"a\\nb"}', "line feed"),
    (b'{"do":"ask","vm":0,"text":"x","timeout_ms":0}', "timeout_ms"),
    (b'{"do":"ask","vm":0,"text":"' + b"x" * 9000 + b'"}', "8192"),
    (b'{"do":"ask","do":"status"}', "JSON"),
    (b'{"do":"vm"}', "vm"),
    (b'{"do":"vm","vm":50}', "no VM 50"),
    (b'{"do":"challenge","first":3}', "first"),
    (b'{"do":"challenge","first":3,"last":2}', "first"),
    (b'{"do":"challenge","first":0,"last":50}', "no VM 50"),
    (b'\xff\xfe{"do":"status"}', "JSON"),
    (b"[" * 5000, "JSON"),
]:
    refuses(stream, line, word)
assert say(stream, b'{"do":"ask","vm":3,"text":"?Hello"}')["answer"] == "!bkign"
assert say(stream, b'{"do":"status"}')["vms"]["running"] == 50
assert say(stream, b'{"do":"vm","vm":3}') == {"ok": True, "vm": 3, "running": True, "words": "VM 3 is running"}

# Many commands at once are answered in order; bytes may come one by one.
stream.write(b'{"do":"ask","vm":1,"text":"?a"}\n{"do":"status"}\n{"do":"ask","vm":2,"text":"?b"}\n')
stream.flush()
answers = [json.loads(stream.readline()) for _ in range(3)]
assert answers[0]["vm"] == 1 and answers[1]["run"] == "door" and answers[2]["vm"] == 2, answers
for byte in b'{"do":"status"}\n':
    client.send(bytes([byte]))
assert json.loads(stream.readline())["ok"] is True

# A line without end is refused, and the connection closed.
client, stream = connect()
try:
    stream.write(b"x" * 200000)
    stream.flush()
except OSError:
    pass
assert b"at most" in stream.readline()
try:
    assert stream.read() == b""
except OSError:
    pass

# Half a line, then nothing; clients that leave while they wait; asks to nobody.
for request in [b'{"do":', b'{"do":"ask","vm":4,"text":"mute","timeout_ms":300}\n', b'{"do":"challenge"}\n']:
    client, stream = connect()
    client.sendall(request)
    client.close()
    stream.close()
# A client that sends no more still gets its answer.
client, stream = connect()
client.sendall(b'{"do":"ask","vm":5,"text":"?x"}\n')
client.shutdown(socket.SHUT_WR)
assert json.loads(stream.readline())["ok"] is True and stream.read() == b""

# A client that asks and never reads costs bounded memory.
greedy, _ = connect()
greedy.setblocking(False)
sent = 0
try:
    while sent < 50_000_000:
        sent += greedy.send(b'{"do":"status"}\n' * 1000)
except BlockingIOError:
    pass
time.sleep(0.5)
assert sent < 10_000_000, sent
_, stream = connect()
assert say(stream, b'{"do":"status"}')["ok"] is True
greedy.close()

# More clients than are served: those beyond are told; there is room again when others go. (Connecting a few at a time, as
# the kernel keeps only so many waiting.)
crowd, refused = [], 0
while len(crowd) < 80:
    client, stream = connect(greeted=False)
    crowd.append((client, stream))
    greeting = json.loads(stream.readline())
    if "error" in greeting:
        assert "clients already" in greeting["error"], greeting
        refused += 1
assert 80 - 64 <= refused <= 80 - 55, refused
for client, stream in crowd:
    stream.close()
    client.close()
time.sleep(0.2)

# Noise.
chance = random.Random(1)
for _ in range(300):
    client, stream = connect()
    try:
        client.sendall(bytes(chance.randrange(256) for _ in range(chance.randrange(1, 400))))
        if chance.random() < 0.5:
            client.sendall(b"\n")
    except OSError:
        pass
    client.close()
    stream.close()
_, stream = connect()
assert say(stream, b'{"do":"ask","vm":49,"text":"?Hello"}')["answer"] == "!bkign"
