#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cloud in one process, whose servers answer challenges, and which can be told to misbehave.

usage: fake.py FOLDER [FAULT...]

Serves Keystone, Glance, Placement, Nova and serial consoles on a port of its own. Writes clouds.yaml to FOLDER, what was
asked to requests.log, and what is there to state.json after every change. On SIGHUP it begins anew, with the faults that
the file `faults` there names, and removes that file. Servers, an image and a flavor of others are there
from the start. A FAULT is NAME or NAME=VALUE; those that are known stand in FAULTS.
"""
import base64
import hashlib
import http.server
import json
import os
import random
import signal
import ssl
import struct
import sys
import threading
import time
import urllib.parse

FAULTS = {
    "expire": "every token is good for VALUE requests",
    "overload": "the first VALUE requests to Nova are refused with 429, then as many with 503",
    "quota": "no more than VALUE servers",
    "novalidhost": "servers whose number in their batch is VALUE or more end in ERROR",
    "lost": "the answer to the first VALUE requests for servers is lost, and the servers are made",
    "refuse-lost": "the answer to the first VALUE requests for servers is lost, and none is made",
    "truncated": "answers of the service VALUE are cut in the middle",
    "types": "answers of the service VALUE have numbers where texts are to be, and texts where lists are",
    "notjson": "answers of the service VALUE are HTML",
    "huge": "answers of the service VALUE have 40 MB",
    "elsewhere": "requests to the service VALUE are sent to another port",
    "circle": "requests to the service VALUE are sent to themselves",
    "slow": "answers of the service VALUE never come",
    "echo": "the service VALUE refuses everything, and repeats password and token in its message",
    "ids": "ids of servers are paths to somewhere else",
    "paging": "every page of servers says that there is another one",
    "noconsole": "there are no serial consoles",
    "deaf": "serial consoles take what is sent and say nothing",
    "garbage": "serial consoles say what no guest says, without end",
    "counts": "serial consoles count from 0 to 255 and again, without end, once they are sent something",
    "closes": "serial consoles are closed after VALUE answers",
    "nobody": "serial consoles let nobody in",
    "dies": "a server is gone, and its serial console closed, when it has answered VALUE times",
    "slowdelete": "deleted servers go away after VALUE seconds",
    "fuzz": "one answer in four has a value, or bytes, that are not what they should be; VALUE is the seed",
    "tls": "all of it is on TLS, with cert.pem and key.pem of the folder",
    "hosts": "that many compute hosts; of the last one two vCPUs can be given away, of others three each",
    "secret-hosts": "hosts are told to administrators only, and nobody here is one",
    "nodelete": "servers are never removed",
    "away": "Nova hears nothing of its hosts, until there is a file `back` in the folder",
}
PASSWORD = "a-secret/of Alice"
SERVICES = {"keystone": "/identity", "glance": "/image", "nova": "/compute", "placement": "/placement"}
HOSTS = ["here", "there", "yonder"]


def solve(nonce):
    state, letters = 0x4D56, "!"
    for byte in nonce:
        state = (((state << 5) | (state >> 11)) + byte) & 0xFFFF
        letters += chr(ord("a") + (state & 15))
    return letters.encode() + b"\n"


def spoil(chance, body):
    """The bytes of an answer with a value of another kind somewhere in it, or cut, or with bytes turned."""
    body = json.loads(json.dumps(body))
    places = []

    def walk(value):
        for key in value if isinstance(value, dict) else range(len(value)):
            places.append((value, key))
            if isinstance(value[key], (dict, list)):
                walk(value[key])

    how = chance.randrange(4)
    if how < 2 and isinstance(body, (dict, list)):
        walk(body)
    if places:
        where, key = chance.choice(places)
        where[key] = chance.choice([None, True, -1, 1e308, "", "x" * 5000, [], {}, [[]], "\x00\x1b[31m", "..", "a/../b", {"": 1}])
    text = bytearray(json.dumps(body).encode())
    if how == 2 and text:
        del text[chance.randrange(len(text)):]
    for _ in range(chance.randrange(1, 4) if how == 3 and text else 0):
        text[chance.randrange(len(text))] = chance.randrange(256)
    return bytes(text)


class Cloud:
    def __init__(self, folder, faults):
        self.folder, self.faults, self.lock = folder, faults, threading.RLock()
        self.chance = random.Random(faults.get("fuzz"))
        self.tokens, self.counts, self.answered, self.gone = {}, {}, {}, {}
        self.servers, self.images, self.flavors = {}, {}, {}
        self.consoles, self.lines, self.dead, self.made = {}, {}, {}, 0
        open(os.path.join(folder, "requests.log"), "w").close()
        self.servers["0-foreign"] = {"id": "0-foreign", "name": "mvm-cloud.0-1", "status": "ACTIVE", "metadata": {}}
        self.servers["0-other"] = {"id": "0-other", "name": "database", "status": "ACTIVE",
                                   "metadata": {"mvm-run": "cloud"}}
        self.servers["0-run"] = {"id": "0-run", "name": "mvm-cloud2.0-1", "status": "ACTIVE",
                                 "metadata": {"mvm-run": "cloud2", "mvm-batch": "0"}}
        self.images["0-foreign"] = {"id": "0-foreign", "name": "mvm-cloud", "status": "active", "tags": []}
        self.flavors["0-foreign"] = {"id": "0-foreign", "name": "mvm-cloud", "description": None}
        self.save()

    def save(self):
        state = {"servers": self.servers, "images": self.images, "flavors": self.flavors}
        path = os.path.join(self.folder, "state.json")
        with open(path + ".new", "w") as to:
            json.dump(state, to)
        os.rename(path + ".new", path)

    def number(self, fault, otherwise=0):
        return int(self.faults[fault]) if fault in self.faults else otherwise

    def fewer(self, fault):
        """Counts up to the fault's number."""
        count = self.counts.get(fault, 0)
        self.counts[fault] = count + 1
        return count < self.number(fault)


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    cloud = None

    def log_message(self, *_):
        pass

    def say(self, status, body=None, headers=()):
        text = json.dumps(body).encode() if body is not None else b""
        faults, service = self.cloud.faults, self.service
        if faults.get("truncated") == service:
            text = text[: len(text) // 2]
        if faults.get("notjson") == service:
            text = b"<html>Service</html>"
        if faults.get("huge") == service:
            text = b'{"servers": "' + b"x" * 40_000_000 + b'"}'
        if "fuzz" in faults and body is not None:
            chance = self.cloud.chance
            if chance.randrange(4) == 0:
                text = spoil(chance, body)
            if chance.randrange(20) == 0:
                status = chance.choice([200, 204, 300, 400, 401, 404, 409, 413, 429, 500, 502, 503, 999])
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        try:
            self.wfile.write(text)
        except OSError:
            pass

    def refuse(self, status, words, headers=()):
        self.say(status, {"fault": {"code": status, "message": words}}, headers)

    def handle_one(self):
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length)
        url = urllib.parse.urlsplit(self.path)
        self.query = urllib.parse.parse_qs(url.query)
        self.service, path = "console", url.path
        for service, prefix in SERVICES.items():
            if url.path.startswith(prefix + "/"):
                self.service, path = service, url.path[len(prefix):]
        with open(os.path.join(self.cloud.folder, "requests.log"), "a") as log:
            log.write(f"{self.command} {self.service} {path}\n")
        faults = self.cloud.faults
        if faults.get("elsewhere") == self.service:
            address = f"http://127.0.0.1:{faults['port']}{self.path}"
            return self.say(302, {}, [("Location", address)])
        if faults.get("circle") == self.service:
            return self.say(302, {}, [("Location", self.path)])
        if faults.get("slow") == self.service:
            return time.sleep(3600)
        if faults.get("echo") == self.service:
            token = self.headers.get("X-Auth-Token", "")
            return self.refuse(400, f"\x1b[31mwrong: {PASSWORD} {token} {self.body.decode(errors='replace')}")
        with self.cloud.lock:
            if self.service == "console":
                return self.console() if self.command == "GET" else self.refuse(404, "no such page")
            if self.service == "keystone":
                return self.keystone(path)
            if not self.token_is_good():
                return self.refuse(401, "the token has expired")
            if self.service == "glance":
                return self.glance(path)
            if self.service == "placement":
                return self.placement(path)
            if self.cloud.fewer("overload"):
                return self.refuse(429, "too many requests", [("Retry-After", "1")])
            if self.cloud.counts.get("overload", 0) <= 2 * self.cloud.number("overload"):
                return self.refuse(503, "try again later")
            return self.nova(path)

    do_GET = do_POST = do_PUT = do_DELETE = handle_one

    def token_is_good(self):
        token = self.headers.get("X-Auth-Token")
        if token not in self.cloud.tokens:
            return False
        self.cloud.tokens[token] += 1
        return self.cloud.tokens[token] <= self.cloud.number("expire", 1 << 30)

    def keystone(self, path):
        identity = json.loads(self.body)["auth"]["identity"]
        method = identity["methods"][0]
        secret = (identity["password"]["user"]["password"] if method == "password"
                  else identity["application_credential"]["secret"])
        if path != "/v3/auth/tokens" or secret != PASSWORD:
            return self.refuse(401, f"wrong: {secret}")
        token = "token-" + base64.urlsafe_b64encode(os.urandom(24)).decode()
        self.cloud.tokens[token] = 0
        base = f"{'https' if 'tls' in self.cloud.faults else 'http'}://127.0.0.1:{self.server.server_port}"
        catalog = [{"type": kind, "endpoints": [
            {"interface": "public", "region_id": "here", "url": base + SERVICES[name]}]}
            for kind, name in (("compute", "nova"), ("image", "glance"), ("placement", "placement"))]
        self.say(201, {"token": {"catalog": catalog}}, [("X-Subject-Token", token)])

    def glance(self, path):
        images = self.cloud.images
        if path.startswith("/v2"):
            path = path[3:]
        if self.command == "POST" and path == "/images":
            self.cloud.made += 1
            image = json.loads(self.body)
            image.update(id=f"image-{self.cloud.made}", status="queued")
            images[image["id"]] = image
            self.say(201, image)
        elif self.command == "PUT":
            image = images[path.split("/")[2]]
            image.update(status="active", size=len(self.body), os_hash_value=hashlib.sha512(self.body).hexdigest())
            self.say(204)
        elif self.command == "DELETE":
            self.say(204 if images.pop(path.split("/")[2], None) else 404)
        else:
            tag = self.query["tag"][0]
            self.say(200, {"images": [i for i in images.values() if tag in i["tags"] or "foreign" in i["id"]]})
        self.cloud.save()

    def nova(self, path):
        parts = path.split("/")[1:]
        if parts[0] == "flavors":
            return self.flavors(parts)
        if parts[0] == "os-hypervisors":
            return self.hypervisors()
        servers = self.cloud.servers
        if self.command == "POST" and len(parts) == 1:
            return self.boot(json.loads(self.body)["server"])
        for name, until in list(self.cloud.gone.items()):
            if time.monotonic() >= until:
                servers.pop(name, None)
                del self.cloud.gone[name]
        self.cloud.save()
        if self.command == "GET":
            return self.list_servers()
        server = servers.get(urllib.parse.unquote(parts[1]))
        if not server:
            return self.refuse(404, "there is no such server")
        if self.command == "DELETE":
            if "nodelete" not in self.cloud.faults:
                self.cloud.gone.setdefault(server["id"], time.monotonic() + self.cloud.number("slowdelete"))
            self.say(204)
        elif parts[2] == "action":
            self.say(200, {"output": "SeaBIOS\r\nBooting from Hard Disk...\r\nmvm1 sleep\nmvm1 tick\n"})
        elif "noconsole" in self.cloud.faults:
            self.refuse(400, "Unavailable console type serial.")
        else:
            self.cloud.made += 1
            secret = f"console-{self.cloud.made}"
            self.cloud.consoles[secret] = server["id"]
            url = f"{'wss' if 'tls' in self.cloud.faults else 'ws'}://127.0.0.1:{self.server.server_port}/?token={secret}"
            self.say(200, {"remote_console": {"protocol": "serial", "type": "serial", "url": url}})

    def boot(self, wanted):
        there = len([s for s in self.cloud.servers.values() if not s["id"].startswith("0-")])
        room = self.cloud.number("quota", 1 << 30) - there
        if room < wanted["min_count"]:
            return self.refuse(403, "Quota exceeded for instances")
        for i in range(0 if self.cloud.fewer("refuse-lost") else min(room, wanted["max_count"])):
            self.cloud.made += 1
            name = f"server-{self.cloud.made}"
            if "ids" in self.cloud.faults:
                name = "../../v3/users/" + name
            server = {"id": name, "name": f"{wanted['name']}-{i + 1}", "status": "ACTIVE",
                      "metadata": wanted["metadata"], "hostId": "a-host-of-somebody"}
            if "secret-hosts" not in self.cloud.faults:
                server["OS-EXT-SRV-ATTR:host"] = HOSTS[i % self.cloud.number("hosts", 1)]
            if i >= self.cloud.number("novalidhost", 1 << 30):
                server.update(status="ERROR", fault={"message": "No valid host was found."})
            self.cloud.servers[name] = server
        self.cloud.save()
        if self.cloud.counts.get("refuse-lost", 0) in range(1, self.cloud.number("refuse-lost") + 1) or \
                self.cloud.fewer("lost"):
            self.close_connection = True
            return
        self.say(202, {"server": {"id": "first"}})

    def list_servers(self):
        limit, marker = 3, self.query.get("marker", [""])[0]
        servers = dict(self.cloud.servers, **(self.cloud.dead if "changes-since" in self.query else {}))
        ids = sorted(servers)
        rest = [i for i in ids if i > marker] if "paging" not in self.cloud.faults else ids
        page = [servers[i] for i in rest[:limit]]
        if "away" in self.cloud.faults and not os.path.exists(os.path.join(self.cloud.folder, "back")):
            page = [dict(server, host_status="UNKNOWN") for server in page]
        body = {"servers": page}
        if len(rest) > limit or "paging" in self.cloud.faults:
            body["servers_links"] = [{"rel": "next", "href": "http://127.0.0.1:1/elsewhere"}]
        if self.cloud.faults.get("types") == "nova":
            body = {"servers": "many"}
        self.say(200, body)

    def flavors(self, parts):
        flavors = self.cloud.flavors
        if self.command == "POST":
            flavor = json.loads(self.body)["flavor"]
            flavor["id"] = "flavor-1"
            flavors["flavor-1"] = flavor
            self.say(200, {"flavor": flavor})
        elif self.command == "DELETE":
            self.say(202 if flavors.pop(parts[1], None) else 404)
        else:
            self.say(200, {"flavors": list(flavors.values())})
        self.cloud.save()

    def hypervisors(self):
        if "secret-hosts" in self.cloud.faults:
            return self.refuse(403, "Policy doesn't allow os_compute_api:os-hypervisors to be performed.")
        self.say(200, {"hypervisors": [
            {"id": f"provider-{name}", "hypervisor_hostname": name, "service": {"host": name}}
            for name in HOSTS[:self.cloud.number("hosts", 1)]]})

    def placement(self, path):
        _, _, provider, what = path.split("/")
        name = provider.split("-")[1]
        last = name == HOSTS[self.cloud.number("hosts", 1) - 1]
        there = [s for s in self.cloud.servers.values() if s.get("OS-EXT-SRV-ATTR:host") == name]
        if what == "usages":
            return self.say(200, {"usages": {"VCPU": len(there), "MEMORY_MB": len(there)}})
        self.say(200, {"inventories": {
            "VCPU": {"total": 3, "reserved": 1, "allocation_ratio": 1.0 if last else 1.5},
            "MEMORY_MB": {"total": 1024, "reserved": 24, "allocation_ratio": 1.0}}})

    # The serial console: a WebSocket.
    def console(self):
        name = self.cloud.consoles.get(self.query.get("token", [""])[0])
        if not name or name not in self.cloud.servers or "nobody" in self.cloud.faults:
            return self.refuse(403, "no such console")
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
        self.send_header("Sec-WebSocket-Protocol", "binary")
        self.end_headers()
        self.close_connection = True
        line = self.cloud.lines.setdefault(name, threading.Lock())
        self.cloud.lock.release()
        try:
            with line:  # one at a time, the next one waits, as at a port of QEMU's
                self.talk(name)
        except OSError:
            pass
        finally:
            self.cloud.lock.acquire()

    def send_frame(self, kind, payload):
        length = len(payload)
        head = bytes([0x80 | kind]) + (bytes([length]) if length < 126 else struct.pack(">BH", 126, length))
        self.wfile.write(head + payload)
        self.wfile.flush()

    def receive_frame(self):
        head = self.rfile.read(2)
        if len(head) < 2:
            return 8, b""
        length = head[1] & 127
        if length == 126:
            length = struct.unpack(">H", self.rfile.read(2))[0]
        mask = self.rfile.read(4)
        return head[0] & 15, bytes(b ^ mask[i % 4] for i, b in enumerate(self.rfile.read(length)))

    def talk(self, name):
        line, answers = b"", 0
        while True:
            kind, payload = self.receive_frame()
            if kind == 8:
                return self.send_frame(8, payload[:2])
            if "deaf" in self.cloud.faults:
                continue
            while "garbage" in self.cloud.faults:
                self.send_frame(2, os.urandom(60000).replace(b"\n", b"!"))
            while "counts" in self.cloud.faults:
                self.send_frame(2, bytes(range(256)) * 16)
            line += payload
            while b"\n" in line:
                asked, line = line.split(b"\n", 1)
                if not asked.startswith(b"?"):
                    continue
                self.send_frame(2, solve(asked[1:]))
                answers += 1
                with self.cloud.lock:
                    self.cloud.answered[name] = self.cloud.answered.get(name, 0) + 1
                    dies = self.cloud.answered[name] >= self.cloud.number("dies", 1 << 30)
                    if dies:
                        server = self.cloud.servers.pop(name, None)
                        if server:
                            self.cloud.dead[name] = dict(server, status="DELETED")
                if dies or answers >= self.cloud.number("closes", 1 << 30):
                    return self.send_frame(8, b"\x03\xe8")


def read_faults(words):
    faults = dict((word.split("=", 1) + ["1"])[:2] for word in words)
    unknown = [fault for fault in faults if fault not in FAULTS and fault != "port"]
    if unknown:
        sys.exit(f"unknown faults: {unknown}; there are {list(FAULTS)}")
    return faults


def write_clouds(folder, base):
    keystone = f"{base}/identity"
    clouds = {
        "fake": {"region_name": "here", "auth": {
            "auth_url": keystone, "username": "alice", "password": PASSWORD, "project_name": "p"}},
        "wrong": {"auth": {
            "auth_url": keystone + "/v3", "username": "alice", "password": "not-her-secret", "project_name": "p"}},
        "credential": {"auth_type": "v3applicationcredential", "auth": {
            "auth_url": keystone + "/v3/", "application_credential_id": "1",
            "application_credential_secret": PASSWORD}}}
    clouds["trusting"] = dict(clouds["fake"], cacert=os.path.join(folder, "cert.pem"))
    path = os.path.join(folder, "clouds.yaml")
    with open(path + ".new", "w") as to:
        json.dump({"clouds": clouds}, to)  # JSON is YAML
    os.rename(path + ".new", path)


def main():
    folder = sys.argv[1]
    faults = read_faults(sys.argv[2:])
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.daemon_threads = True
    if "tls" in faults:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.path.join(folder, "cert.pem"), os.path.join(folder, "key.pem"))
        server.socket = context.wrap_socket(server.socket, server_side=True)
    base = f"{'https' if 'tls' in faults else 'http'}://127.0.0.1:{server.server_port}"
    Answer.cloud = Cloud(folder, faults)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    while True:
        write_clouds(folder, base)
        signal.sigwait([signal.SIGHUP])
        path = os.path.join(folder, "faults")
        with open(path) as words:
            Answer.cloud = Cloud(folder, read_faults(words.read().split()))
        os.unlink(path)


if __name__ == "__main__":
    main()
