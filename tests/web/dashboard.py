#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks a Prometheus every expression of the dashboard: each is to be understood and every metric in it to be one that was
scraped. Prints what is wrong; exit status 1 when something is.

usage: dashboard.py http://ADDRESS:PORT DASHBOARD.json
"""
import json
import re
import sys
import urllib.parse
import urllib.request


def ask(base, path, **query):
    with urllib.request.urlopen(f"{base}/api/v1/{path}?{urllib.parse.urlencode(query)}", timeout=60) as answer:
        return json.load(answer)["data"]


def main(base, path):
    with open(path, encoding="utf-8") as file:
        dashboard = json.load(file)
    known = set(ask(base, "label/__name__/values"))
    expressions = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    used = set()
    wrong = 0
    for expression in expressions:
        # What Grafana fills in.
        filled = expression.replace("$instance", ".+").replace("$__rate_interval", "1m")
        names = set(re.findall(r"\b(?:mvm|process)_\w+", filled))
        used |= names
        for name in names - known:
            print(f"no run has the metric {name}: {expression}")
            wrong = 1
        try:
            ask(base, "query", query=filled)
        except urllib.error.HTTPError as error:
            print(f"Prometheus does not take {filled}: {error.read().decode()}")
            wrong = 1
    print(f"{len(expressions)} expressions, {len(used)} metrics")
    return wrong or not used


sys.exit(main(*sys.argv[1:]))
