#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What commands print with --json, against the schemas under docs/schema/.

Results of measurements are held against them where they are made: of_schema in common.bash.

usage: schemas.py MVM
"""
import json
import os
import subprocess
import sys
import tempfile

import schema as schema_of
from schema import jsonschema
from tap import Tests

MVM = os.path.abspath(sys.argv[1])
DATA = os.environ["MVM_TEST_DATA"]


def start(*words):
    return subprocess.Popen([MVM, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def output_of(process, statuses):
    out, errors = process.communicate(timeout=240)
    if process.returncode not in statuses:
        raise RuntimeError(f"exit status {process.returncode}: {errors.strip()}")
    return out


def check_output(tests, schemas, name, words, lines=False, statuses=(0,), process=None):
    """What the command prints is of the schema; returns the document, or the last line's."""
    what, document = "mvm " + " ".join(words), None
    try:
        out = output_of(process or start(*words), statuses)
        documents = [json.loads(line) for line in out.splitlines()] if lines else [json.loads(out)]
        trouble = None if documents else "nothing was printed"
        for document in documents:
            trouble = trouble or schemas.check(name, document)
    except (RuntimeError, ValueError) as error:
        trouble = error
    tests.say(f"{what}: {name}", trouble)
    return document


def check_file(tests, schemas, name, path):
    try:
        with open(path) as text:
            trouble = schemas.check(name, json.load(text))
    except (OSError, ValueError) as error:
        trouble = error
    tests.say(f"{path}: {name}", trouble)


def check_schemas(tests, schemas):
    """They are schemas themselves, and they refuse what is not of them."""
    for name, schema in schemas.open.items():
        trouble = None
        try:
            jsonschema.Draft202012Validator.check_schema(schema)
        except jsonschema.exceptions.SchemaError as error:
            trouble = error.message
        if not trouble and schema["$id"] != name + ".json":
            trouble = "its $id is not its name"
        for wrong in ({}, {"schema": "mvm-other/1"}, [1], "text"):
            if not trouble and not schemas.check(name, wrong):
                trouble = f"it takes {json.dumps(wrong)}"
        tests.say(f"docs/schema/{name}.json is a schema", trouble)
    schemas.used.clear()


def check_results(tests, schemas):
    loads = {
        "open": ["--guest", "web", "--rate", "100", "--targets", "zipf"],
        "closed": ["--connections", "2"],
        "search": ["--find-capacity", "--p99", "1us", "--rate", "1000"],
    }
    commands = [["load", "--engine", "vmm", "--count", "5", "--time", "50ms", "--quiet", "--json", *more]
                for more in loads.values()]
    for words, process in [(words, start(*words)) for words in commands]:
        check_output(tests, schemas, "load", words, statuses=(0, 1), process=process)
    sleep, tick = DATA + "/report/sleep", DATA + "/report/tick"
    check_output(tests, schemas, "report", ["report", sleep, tick, "--json", "--out", "both.svg"])
    check_output(tests, schemas, "report", ["report", DATA + "/limits", "--json", "--out", "matrix.svg"])
    check_output(tests, schemas, "version", ["--version", "--json"])
    check_output(tests, schemas, "compare", ["compare", sleep, tick, "--force", "--json"])
    for name, file in (("result", "report/tick/result"), ("limits", "limits/limits"), ("limits", "limits/repeats")):
        check_file(tests, schemas, name, f"{DATA}/{file}.json")


def check_runs(tests, schemas):
    check_output(tests, schemas, "run", ["run", "--guest", "web", "--count", "9", "--name", "nine", "--detach", "--quiet",
                                         "--json", "--http", "unix:door", "--web", "127.0.0.1:0"])
    check_output(tests, schemas, "run", ["run", "--engine", "null", "--name", "other", "--detach", "--quiet", "--json"])
    for words in (["ls"], ["ls", "nine"]):
        check_output(tests, schemas, "ls", words + ["--json"])
    check_output(tests, schemas, "ask", ["ask", "--run", "nine", "3", "?hello", "--json"], statuses=(0, 1))
    check_output(tests, schemas, "ask", ["ask", "--run", "nine", "--challenge", "all", "--json", "--quiet"])
    tracing = start("trace", "--run", "nine", "2", "--count", "30", "--json")
    while tracing.poll() is None:
        start("ask", "--run", "nine", "--challenge", "2", "--quiet").communicate(timeout=240)
    check_output(tests, schemas, "trace", ["trace"], lines=True, process=tracing)
    check_output(tests, schemas, "top", ["top", "--run", "nine", "--count", "2", "--interval", "100ms", "--json"], lines=True)
    check_output(tests, schemas, "save", ["save", "--run", "nine", "nine.mvm", "--json"])
    check_output(tests, schemas, "stop", ["stop", "--run", "nine", "--json"], lines=True)
    check_output(tests, schemas, "run", ["restore", "nine.mvm", "--name", "again", "--detach", "--quiet", "--json"])
    dead = check_output(tests, schemas, "ls", ["ls", "other", "--json"])
    if dead:
        os.kill(dead["pid"], 9)
    check_output(tests, schemas, "ls", ["ls", "--json"])
    check_output(tests, schemas, "stop", ["stop", "--all", "--json"], lines=True)
    check_output(tests, schemas, "ls", ["ls", "--json"])


def check_rest(tests, schemas):
    wish = ["--engine", "exec", "--command=true{image}", "--json"]
    check_output(tests, schemas, "host-check", ["host", "check", "--json"])
    check_output(tests, schemas, "host-check", ["host", "check", "--vms", "100", *wish])
    check_output(tests, schemas, "host-tune", ["host", "tune", "--vms", "9000000", "--dry-run", *wish], lines=True,
                 statuses=(0, 1))
    check_output(tests, schemas, "image-build", ["image", "build", "--guest", "tick", "--timer", "100", "--out", "t.img",
                                                 "--json"])
    check_output(tests, schemas, "image-list", ["image", "list", "--json"])
    check_output(tests, schemas, "image-show", ["image", "show", "t.img", "--json"])
    check_output(tests, schemas, "image-show", ["image", "show", "--guest", "web", "--route", "/=x", "--disassemble",
                                                "--json"])
    check_output(tests, schemas, "help", ["help", "--json"])
    check_output(tests, schemas, "sample", ["sample", "--json", "--count", "2", "--interval", "50ms"], lines=True)


def main():
    tests, schemas = Tests(), schema_of.Schemas()
    check_schemas(tests, schemas)
    with tempfile.TemporaryDirectory(prefix="mvm-schemas-") as folder:
        os.chdir(folder)
        os.mkdir("runtime", 0o700)
        os.environ["XDG_RUNTIME_DIR"] = folder + "/runtime"
        try:
            check_rest(tests, schemas)
            check_runs(tests, schemas)
            check_results(tests, schemas)
        finally:
            start("stop", "--all", "--quiet").communicate(timeout=240)
            os.chdir("/")
    # That of kernels is of what apt tells, which tests/cli/lab.bats asks.
    missing = set(schemas.open) - schemas.used - {"kernels"}
    tests.say("every schema was held against an output", missing and f"not against one: {', '.join(sorted(missing))}")
    return tests.end()


sys.exit(main())
