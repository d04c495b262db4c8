#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fits outside readings to the intervals of a result: outside.py RESULT MEMINFO-LOG MPSTAT-LOG"""
import datetime
import json
import os
import sys


def slope(points):
    n = len(points)
    mean_x = sum(x for x, _ in points) / n
    mean_y = sum(y for _, y in points) / n
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points)


def read_meminfo(path):
    with open(path, encoding="ascii") as log:
        return [tuple(map(float, line.split())) for line in log if len(line.split()) == 3]


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


def clock_share(rows, start, end):
    """Percent of all CPUs that the tasks' own clocks went forward between the first and the last row."""
    inside = [row for row in rows if start <= row[0] <= end]
    if len(inside) < 2:
        return None
    seconds = inside[-1][0] - inside[0][0]
    return 100 * (inside[-1][2] - inside[0][2]) / 1e9 / seconds / os.cpu_count()


def within(rows, start, end):
    values = [row[1] for row in rows if start <= row[0] <= end]
    return sum(values) / len(values) if values else None


def main(result_path, meminfo_path, mpstat_path):
    with open(result_path, encoding="utf-8") as file:
        result = json.load(file)
    meminfo, mpstat = read_meminfo(meminfo_path), read_mpstat(mpstat_path)
    points = {"memory": [], "mpstat": [], "clock": []}
    for interval in result["intervals"]:
        start, end = interval["started_at"], interval["ended_at"]
        available = within(meminfo, start, end)
        readings = {
            "memory": -available if available is not None else None,
            # A second of mpstat ends at its stamp, so the first one that is wholly inside ends a second later.
            "mpstat": within(mpstat, start + 1, end + 0.2),
            "clock": clock_share(meminfo, start, end),
        }
        for name, value in readings.items():
            if value is not None:
                points[name].append((interval["vms"], value))
    per_vm = result["per_vm"]
    outside = slope(points["memory"])
    print(f"memory per VM: mvm {per_vm['memory_bytes']:.0f} bytes, /proc/meminfo {outside:.0f} bytes, "
          f"difference {100 * (per_vm['memory_bytes'] / outside - 1):+.2f} %")
    for name, ours, source in (("CPU per VM, as the tick sees it", "cpu_ticks_percent_of_host", "mpstat"),
                               ("CPU per VM, measured", "cpu_percent_of_host", "clock")):
        low, high = per_vm[ours + "_ci95"]
        outside = slope(points[source])
        print(f"{name}: mvm {per_vm[ours]:.5f} % of the host [{low:.5f}, {high:.5f}], {source} {outside:.5f} %, "
              f"{'inside' if low <= outside <= high else 'OUTSIDE'} the interval")


main(*sys.argv[1:])
