#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fits outside readings to the intervals of a result: outside.py RESULT MEMINFO-LOG MPSTAT-LOG"""
import datetime
import json
import sys


def slope(points):
    n = len(points)
    mean_x = sum(x for x, _ in points) / n
    mean_y = sum(y for _, y in points) / n
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)


def read_meminfo(path):
    with open(path, encoding="ascii") as log:
        return [tuple(map(float, line.split())) for line in log if len(line.split()) == 2]


def read_mpstat(path):
    """(end of the second, busy percent): everything but %idle, %iowait and %steal."""
    rows, columns = [], None
    with open(path, encoding="utf-8") as log:
        for line in log:
            words = line.split()
            if "%idle" in words:
                columns = words
            elif columns and len(words) == len(columns) and "all" in words:
                value = dict(zip(columns, words))
                today = datetime.date.today().isoformat()
                moment = datetime.datetime.fromisoformat(f"{today}T{words[0]}").timestamp()
                rows.append((moment, 100 - float(value["%idle"]) - float(value["%iowait"]) - float(value["%steal"])))
    return rows


def within(rows, start, end):
    values = [value for moment, value in rows if start <= moment <= end]
    return sum(values) / len(values) if values else None


def main(result_path, meminfo_path, mpstat_path):
    with open(result_path, encoding="utf-8") as file:
        result = json.load(file)
    meminfo, mpstat = read_meminfo(meminfo_path), read_mpstat(mpstat_path)
    memory, cpu = [], []
    for interval in result["intervals"]:
        available = within(meminfo, interval["started_at"], interval["ended_at"])
        # A second of mpstat ends at its stamp, so the first one that is wholly inside ends a second later.
        busy = within(mpstat, interval["started_at"] + 1, interval["ended_at"] + 0.2)
        if available is not None:
            memory.append((interval["vms"], -available))
        if busy is not None:
            cpu.append((interval["vms"], busy))
    ours, low, high = result["per_vm"]["cpu_percent_of_host"], *result["per_vm"]["cpu_percent_of_host_ci95"]
    outside_memory, outside_cpu = slope(memory), slope(cpu)
    inside_memory = result["per_vm"]["memory_bytes"]
    print(f"memory per VM: mvm {inside_memory:.0f} bytes, /proc/meminfo {outside_memory:.0f} bytes, "
          f"difference {100 * (inside_memory / outside_memory - 1):+.2f} %")
    print(f"CPU per VM: mvm {ours:.5f} % of the host [{low:.5f}, {high:.5f}], mpstat {outside_cpu:.5f} %, "
          f"{'inside' if low <= outside_cpu <= high else 'OUTSIDE'} the interval")


main(*sys.argv[1:])
