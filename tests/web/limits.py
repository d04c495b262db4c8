#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What clients may do to a run's page and metrics, and what comes of it: prints TAP.

usage: limits.py ADDRESS PORT PID     of a run with --web and --metrics at one place, and the process that serves it
"""
import os
import socket
import sys
import time

ADDRESS, PORT, PID = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
HOST = b"Host: 127.0.0.1\r\n"
PATIENCE = 60
checks = []


def check(function):
    checks.append(function)
    return function


def connect():
    return socket.create_connection((ADDRESS, PORT), timeout=PATIENCE)


def until_end(client):
    got = b""
    while True:
        try:
            piece = client.recv(65536)
        except ConnectionResetError:
            return got
        if not piece:
            return got
        got += piece


def ask(data):
    with connect() as client:
        client.sendall(data)
        return until_end(client)


def status(answer):
    return int(answer.split(b" ", 2)[1])


def is_served():
    answer = ask(b"GET /metrics HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
    return status(answer) == 200 and b"mvm_vms{" in answer


def descriptors():
    """When nobody is connected: with the two connections over which the service asks the run, which stay for a while."""
    assert is_served()
    with connect() as client:
        client.sendall(b"GET /figures HTTP/1.1\r\n" + HOST + b"\r\n")
        got = b""
        while b"event: figures" not in got:
            got += client.recv(65536)
    return count_descriptors()


def count_descriptors():
    return len(os.listdir(f"/proc/{PID}/fd"))


def wait(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, condition
        time.sleep(0.05)


@check
def requests_that_are_none():
    for data, right in [
        (b"nonsense and more of it\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\n" + HOST + b"\r\n", 400),
        (b"GET http://127.0.0.1/ HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n", 400),
        (b"POST /metrics HTTP/1.1\r\n" + HOST + b"\r\n", 405),
        (b"DELETE / HTTP/1.1\r\n" + HOST + b"\r\n", 405),
        (b"OPTIONS /challenge?vm=1 HTTP/1.1\r\n" + HOST + b"Origin: http://evil.example\r\n\r\n", 405),
        (b"GET / HTTP/1.1\r\n" + HOST + b"Content-Length: 4\r\n\r\nabcd", 501),
        (b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", 421),
        (b"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
        (b"GET /figures HTTP/1.1\r\n" + HOST + b"Sec-Fetch-Site: cross-site\r\n\r\n", 403),
        (b"GET /challenge?vm=1 HTTP/1.1\r\n" + HOST + b"\r\n", 403),
        (b"GET /console?vm=1 HTTP/1.1\r\n" + HOST + b"\r\n", 403),
        (b"GET /nothing HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", 404),
        (b"GET /../etc/passwd HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n", 404),
        (b"GET /challenge?vm=x HTTP/1.1\r\n" + HOST + b"X-Mvm-Page: 1\r\nConnection: close\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"x" * 9000, 431),
        (b"\r\n" * 5000, 400),
    ]:
        answer = ask(data)
        assert status(answer) == right, (data[:60], right, answer[:200])
        assert b"Access-Control" not in answer, answer


@check
def a_connection_serves_many_in_turn():
    with connect() as client:
        client.sendall((b"HEAD /page.css HTTP/1.1\r\n" + HOST + b"\r\n") * 19 + b"HEAD /metrics HTTP/1.1\r\n" + HOST + b"\r\n" + b"GET /icon.svg HTTP/1.0\r\n" + HOST + b"\r\n")
        got = until_end(client)
    assert got.count(b"HTTP/1.1 200 OK") == 21 and got.endswith(b"</svg>\n"), got[-300:]


@check
def a_head_byte_by_byte():
    with connect() as client:
        for byte in b"GET /icon.svg HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n":
            client.sendall(bytes([byte]))
        assert status(until_end(client)) == 200


@check
def more_clients_than_are_served():
    before = descriptors()
    clients = [connect() for _ in range(120)]
    assert is_served()
    # 64 of the service, and some descriptors beside them for what is asked of the run.
    assert count_descriptors() <= before + 64 + 16, count_descriptors() - before
    for client in clients[70:]:
        client.sendall(b"GET /figures HTTP/1.1\r\n" + HOST + b"\r\n")
    got = [client.recv(64) for client in clients[70:]]
    assert sum(b" 200 " in answer for answer in got) == 16, got
    assert sum(b" 503 " in answer for answer in got) == 34, got
    assert is_served()
    for client in clients:
        client.close()
    wait(lambda: count_descriptors() <= before)


@check
def streams_that_nobody_reads():
    before = descriptors()
    clients = []
    for _ in range(16):
        client = connect()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.sendall(b"GET /figures HTTP/1.1\r\n" + HOST + b"\r\n")
        clients.append(client)
    for _ in range(4):
        assert is_served()
    for client in clients:
        client.close()
    wait(lambda: count_descriptors() <= before)


@check
def consoles_are_few_and_end_with_their_clients():
    before = descriptors()
    clients, got = [], []
    for vm in range(10):
        client = connect()
        client.sendall(b"GET /console?vm=%d HTTP/1.1\r\n" % vm + HOST + b"X-Mvm-Page: 1\r\n\r\n")
        clients.append(client)
        answer = client.recv(2048)
        assert status(answer) == (200 if vm < 8 else 503), (vm, answer)
        got.append(answer)
    for client, answer in zip(clients[:8], got):
        while b"event: open" not in answer:
            answer += client.recv(2048)
    again = ask(b"GET /challenge?vm=1 HTTP/1.1\r\n" + HOST + b"X-Mvm-Page: 1\r\nConnection: close\r\n\r\n")
    assert status(again) == 503, again
    for client in clients:
        client.close()
    wait(lambda: count_descriptors() <= before)
    answer = ask(b"GET /challenge?vm=1 HTTP/1.1\r\n" + HOST + b"X-Mvm-Page: 1\r\nConnection: close\r\n\r\n")
    assert b'"alive":1' in answer, answer
    answer = ask(b"GET /console?vm=999999999 HTTP/1.1\r\n" + HOST + b"X-Mvm-Page: 1\r\n\r\n")
    assert b"event: refused" in answer and b"there is no VM" in answer, answer


@check
def who_goes_away_in_the_middle():
    before = descriptors()
    for data in [b"", b"GET", b"GET /metrics HTTP/1.1\r\n" + HOST + b"\r\n", b"GET /figures HTTP/1.1\r\n" + HOST + b"\r\n",
                 b"GET /challenge?vm=1 HTTP/1.1\r\n" + HOST + b"X-Mvm-Page: 1\r\n\r\n"] * 10:
        client = connect()
        client.sendall(data)
        client.close()
    assert is_served()
    wait(lambda: count_descriptors() <= before)


print(f"1..{len(checks)}")
failed = 0
for number, function in enumerate(checks, 1):
    began = time.monotonic()
    try:
        function()
        result = "ok"
    except Exception as error:  # told as a failure, and the next one is tried
        result = "not ok"
        failed = 1
        print(f"# {type(error).__name__}: {error}")
    print(f"{result} {number} - {function.__name__.replace('_', ' ')}", flush=True)
    print(f"# {time.monotonic() - began:.2f} s", file=sys.stderr)
sys.exit(failed)
