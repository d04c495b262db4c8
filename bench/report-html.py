# SPDX-License-Identifier: GPL-3.0-or-later
"""The two halves of bench/report-html that are not shell.

report-html.py make DATA RUNS SAMPLES    run-001 and so on, here, from the canned results in DATA
report-html.py measure PAGE              what is in the page, and how long Chromium takes to draw it
"""
import json
import os
import random
import re
import statistics
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "tests", "page"))
import browser

# A sample that is higher than all others of its run: it must not get lost.
PEAK = 99.5


def make(data, runs, samples):
    for number in range(1, runs + 1):
        chance = random.Random(number)
        folder = f"run-{number:03}"
        os.mkdir(folder)
        with open(os.path.join(data, "sleep" if number % 2 else "tick", "result.json"), encoding="utf-8") as file:
            result = json.load(file)
        result["image"]["name"] += f" {number}"
        for interval in result["intervals"]:
            interval["vms"] += number % 7
            interval["cpu"]["mean"] += chance.random()
        with open(os.path.join(folder, "result.json"), "w", encoding="utf-8") as file:
            json.dump(result, file)
        peak = chance.randrange(samples)
        with open(os.path.join(folder, "samples.csv"), "w", encoding="ascii") as file:
            file.write("interval,vms,unix_seconds,cpu_percent,memory_percent,swap_percent,pressure_percent,pids_percent\n")
            for sample in range(samples):
                cpu = PEAK if sample == peak else 40 + 10 * chance.random() + 30 * sample / samples
                file.write(f"{20 * sample // samples},{sample},{1735786800 + sample},{cpu:.6f},{90 * sample / samples + chance.random():.6f},,"
                           f"{chance.random():.6f},{3 * sample / samples:.6f}\n")


def measure(path):
    with open(path, encoding="utf-8") as file:
        figures = json.loads(re.search(r'id="figures">(.*)</script>', file.read()).group(1))
    peaks = sum(max(run["samples"]["curves"]["cpu"]["percent"]) == PEAK for run in figures["runs"])
    points = sum(len(curve["percent"]) for run in figures["runs"] for curve in run["samples"]["curves"].values())
    print(f"points={points} peaks_kept={peaks}")
    if not browser.find():
        print("chromium is not installed: not opened")
        return
    times, cpu = [], []
    with browser.Browser() as page:
        for _ in range(5):
            before = page.cpu_seconds()
            page.open(path)
            # The moment of the frame behind the one in which the last plot was drawn, since the navigation began.
            times.append(page.run("""new Promise(done => {
              const look = () => document.querySelectorAll('.plot canvas').length === document.querySelectorAll('.plot').length
                ? requestAnimationFrame(() => done(performance.now())) : requestAnimationFrame(look);
              look();
            })"""))
            cpu.append(1000 * (page.cpu_seconds() - before))
        problems = page.problems()
    print(f"drawn_ms={statistics.median(times):.0f} drawn_ms_least={min(times):.0f} drawn_ms_most={max(times):.0f} "
          f"cpu_ms={statistics.median(cpu):.0f} console_errors={len(problems)}")


if sys.argv[1] == "make":
    make(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
else:
    measure(sys.argv[2])
