#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node_exporter for each host of the cloud of fake.py, whose hosts use what their VMs take.

usage: exporter.py FOLDER [FAULT...]

Serves /HOST on a port of its own, which it writes to FOLDER/exporter. A host has ten CPUs and ten GiB; without VMs it uses 5 % of
its CPU time and 1 GiB, and for each VM that the cloud has there (FOLDER/state.json) 2 % and 100 MiB more.
It may have 1,000 open files, and has 1,001 once it has two VMs. A FAULT is away=HOST: that host answers with 503 once it has
two VMs; or large: a VM takes 8 GiB.
"""
import http.server
import json
import os
import sys
import threading
import time

FOLDER, FAULTS = sys.argv[1], dict((word.split("=") + [""])[:2] for word in sys.argv[2:])
CPUS, GIB, MIB = 10, 1 << 30, 1 << 20


class Host:
    def __init__(self):
        self.at, self.busy, self.idle, self.vms = time.time(), 1000.0, 1000.0, 0

    def move(self, vms):
        """CPU time up to now, of the VMs that there were."""
        now = time.time()
        share = 0.05 + 0.02 * self.vms
        self.busy += (now - self.at) * CPUS * share
        self.idle += (now - self.at) * CPUS * (1 - share)
        self.at, self.vms = now, vms

    def text(self):
        used = GIB + (8 * GIB if "large" in FAULTS else 100 * MIB) * self.vms
        available = 10 * GIB - used
        lines = [f"node_time_seconds {self.at!r}", "# A comment", ""]
        for cpu in range(CPUS):
            for mode, seconds in (("idle", self.idle), ("user", self.busy)):
                ticks = (int(100 * seconds) + cpu) // CPUS  # as kernels count, and as many in all
                lines.append(f'node_cpu_seconds_total{{cpu="{cpu}",mode="{mode}"}} {ticks / 100!r}')
        lines += [f"node_memory_MemTotal_bytes {10 * GIB}", f"node_memory_MemFree_bytes {available}",
                  f"node_memory_MemAvailable_bytes {float(available)!r}", f"node_filefd_allocated {1001 if self.vms >= 2 else 20}", "node_filefd_maximum 1000"]
        return "\n".join(lines) + "\n"


class Exporter(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hosts, lock = {}, threading.Lock()

    def log_message(self, *_):
        pass

    def do_GET(self):
        name = self.path.strip("/")
        with open(os.path.join(FOLDER, "state.json")) as state:
            servers = json.load(state)["servers"].values()
        vms = len([s for s in servers if s.get("OS-EXT-SRV-ATTR:host") == name])
        with self.lock:
            host = self.hosts.setdefault(name, Host())
            host.move(vms)
            text = host.text().encode()
        self.send_response(503 if FAULTS.get("away") == name and vms >= 2 else 200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Exporter)
    server.daemon_threads = True
    path = os.path.join(FOLDER, "exporter")
    with open(path + ".new", "w") as to:
        to.write(str(server.server_port))
    os.rename(path + ".new", path)
    server.serve_forever()


if __name__ == "__main__":
    main()
