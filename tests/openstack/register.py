#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes services and their addresses into Keystone's catalogue; the admin's password is in OS_PASSWORD.

usage: register.py KEYSTONE TYPE ADDRESS [TYPE ADDRESS...]
"""
import json
import os
import sys
import urllib.request

keystone, services = sys.argv[1], sys.argv[2:]


def post(path, body, token=None):
    request = urllib.request.Request(keystone + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
    if token:
        request.add_header("X-Auth-Token", token)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return answer.headers, json.load(answer)


domain = {"name": "Default"}
user = {"name": "admin", "domain": domain, "password": os.environ["OS_PASSWORD"]}
headers, _ = post("/auth/tokens", {"auth": {
    "identity": {"methods": ["password"], "password": {"user": user}},
    "scope": {"project": {"name": "admin", "domain": domain}}}})
token = headers["X-Subject-Token"]
for kind, address in zip(services[::2], services[1::2]):
    _, made = post("/services", {"service": {"name": kind, "type": kind}}, token)
    for interface in ("public", "internal", "admin"):
        post("/endpoints", {"endpoint": {"interface": interface, "url": address, "region_id": "bench",
                                         "service_id": made["service"]["id"]}}, token)
