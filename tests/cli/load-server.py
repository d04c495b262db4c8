#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small HTTP server on 127.0.0.1 that stalls as a whole for a while in each second. Writes its port to a file when it
is ready, and ends when its standard input does.

usage: load-server.py PORT-FILE STALL-SECONDS
"""
import asyncio
import os
import sys
import time

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHello"


async def serve(reader, writer):
    try:
        while True:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(ANSWER)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main(port_file, stall):
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    with open(port_file + ".new", "w", encoding="ascii") as to:
        print(server.sockets[0].getsockname()[1], file=to)
    os.rename(port_file + ".new", port_file)
    ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    while not ended.done():
        await asyncio.sleep(1 - stall)
        time.sleep(stall)  # nobody is served meanwhile


asyncio.run(main(sys.argv[1], float(sys.argv[2])))
