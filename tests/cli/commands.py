#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every command of the table: its --help, manual page, completion, examples, and --json or why there is none.

The table is what `mvm help --json` prints, so that a command that is added is tested by itself.

usage: commands.py MVM PAGES, PAGES being the directory of manual pages that the build made
"""
import json
import os
import re
import shlex
import shutil
import subprocess
import sys

from tap import Tests

MVM, PAGES = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")


def mvm(*words):
    return subprocess.run([MVM, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=60, check=False)


def names(options):
    return {option["name"] for option in options}


def differ(what, found, wanted):
    """A sentence when two sets are not the same."""
    lacks, more = wanted - found, found - wanted
    return (f"{what} lacks {', '.join(sorted(lacks))}" if lacks else
            f"{what} has beyond the table: {', '.join(sorted(more))}" if more else None)


def check_help(command, engines):
    """--help tells the command's options, and for each engine that engine's."""
    words = command["name"].split()
    plain = mvm(*words, "--help")
    for given in [None, *engines] if command["takes_engine"] else [None]:
        run = mvm(*words, "--help", *(["--engine", given] if given else []))
        engine = given or command["default_engine"]
        wanted = names(command["options"]) | (names(engines[engine]["options"]) if engine else set())
        if run.returncode != 0 or run.stderr:
            return f"exit status {run.returncode} with {given}: {run.stderr}"
        trouble = differ(f"--help with {given}", set(re.findall(r"^  --(\S+)", run.stdout, re.M)), wanted)
        if trouble:
            return trouble
    if not plain.stdout.startswith(f"usage: mvm {command['name']}"):
        return "--help does not begin with the usage"
    if "Exit status: 0 " not in plain.stdout:
        return "--help does not tell the exit statuses"
    if mvm("help", *words).stdout != plain.stdout:
        return "'mvm help' says something else"
    return None


def check_parser(command):
    """What the table has is taken."""
    words = command["name"].split()
    for option in command["options"]:
        if option["kind"] == "flag":
            run = mvm(*words, "--" + option["name"], "--help")
            trouble = run.returncode != 0
        else:
            run = mvm(*words, "--" + option["name"])
            trouble = run.returncode != 2 or "needs a value" not in run.stderr and "--resume" not in run.stderr
        if trouble:
            return f"--{option['name']} is not taken: exit status {run.returncode}, {run.stderr}"
    run = mvm(*words, "--no-such-option")
    return None if run.returncode == 2 and "--no-such-option" in run.stderr else "--no-such-option is taken"


def check_page(command, engines):
    file = os.path.join(PAGES, "mvm-" + command["name"].replace(" ", "-") + ".1")
    with open(file, encoding="ascii") as text:
        page = text.read()
    if page != mvm("help", "--man", *command["name"].split()).stdout:
        return f"{file} is not what 'mvm help --man' prints"
    told = {name.replace("\\-", "-") for name in re.findall(r"^\.TP\n\\fB\\-\\-(\S+?)\\fR", page, re.M)}
    wanted = names(command["options"])
    for engine in engines.values() if command["takes_engine"] else []:
        wanted |= names(engine["options"])
    sections = ["NAME", "SYNOPSIS", "DESCRIPTION"]
    sections += ["OPTIONS", "EXIT STATUS", "JSON", "EXAMPLES"] if command["runs"] else ["COMMANDS"]
    for section in sections:
        if f"\n.SH {section}\n" not in page:
            return f"{file} has no section {section}"
    return differ(file, told, wanted)


def check_completion(command, engines):
    words = command["name"].split()
    for engine in engines if command["takes_engine"] else [None]:
        given = ["--engine", engine] if engine else []
        run = mvm("help", "--complete", "--", "mvm", *words, *given, "--")
        offered = {line.split("\t")[0].removeprefix("--") for line in run.stdout.splitlines()}
        wanted = names(command["options"]) | (names(engines[engine]["options"]) if engine else set())
        trouble = differ(f"completion with {engine}", offered, wanted - ({"engine"} if engine else set()))
        if trouble:
            return trouble
    for option in command["options"]:
        if option["choices"]:
            run = mvm("help", "--complete", "--", "mvm", *words, "--" + option["name"], "")
            if run.stdout.split() != option["choices"]:
                return f"--{option['name']} is completed by {run.stdout.split()}, not by {option['choices']}"
    return None


def check_json(command):
    has = "json" in names(command["options"])
    if not command["json_schema"]:
        return None if not has and command["no_json"] else "has no schema of --json, and no reason why there is no --json"
    if not has or command["no_json"]:
        return "has a schema, but no --json, or a reason why there is none"
    file = f"docs/schema/{command['json_schema']}.json"
    return None if os.path.exists(os.path.join(ROOT, file)) else f"{file} is not there"


def check_examples(command, engines):
    """They are of this command, with options that there are."""
    known = names(command["options"])
    for engine in engines.values() if command["takes_engine"] else []:
        known |= names(engine["options"])
    if not command["examples"]:
        return "has no example"
    for example in command["examples"]:
        line = example["line"]
        if f"mvm {command['name']}" not in line:
            return f"'{line}' is not an example of it"
        # Of a pipe the part that is this command; what stands behind "--" is another's.
        part = [part for part in re.split(r" \| ", line) if f"mvm {command['name']}" in part][0]
        words = shlex.split(part)
        words = words[:words.index("--")] if "--" in words else words
        # What an engine takes that this build was made without is not known to it.
        if any(engine["summary"].endswith("not in this build") and name in words for name, engine in engines.items()):
            continue
        for word in words:
            option = re.match("--([a-z0-9-]+)", word)
            if option and option[1] not in known:
                return f"'{line}' has {word}, which is not an option"
    return None


def check_shown(command):
    """Escapes are undone: what a reader sees is what the table says."""
    file = "mvm-" + command["name"].replace(" ", "-") + ".1"
    run = subprocess.run(["mandoc", "-T", "utf8", "-O", "width=200", os.path.join(PAGES, file)], stdout=subprocess.PIPE,
                         text=True, timeout=60, check=True)
    shown = " ".join(re.sub(".\b", "", run.stdout).split())
    texts = [example["line"] for example in command["examples"]] + [command["text"], command["summary"]]
    texts += [f"mvm {command['name']} {usage}" for usage in command["usage"]]
    texts += [option["help"][1:] for option in command["options"]]
    missing = [text for text in texts if " ".join(text.split()) not in shown]
    return f"{file} does not show '{missing[0]}'" if missing else None


def check_installed(tests, table):
    pages = {"mvm.1"} | {f"mvm-{command['name'].replace(' ', '-')}.1" for command in table["commands"]}
    tests.say("there is a page for each command", differ(PAGES, set(os.listdir(PAGES)), pages))
    if not shutil.which("mandoc"):
        tests.skip("manual pages are clean", "mandoc is not installed")
        return
    run = subprocess.run(["mandoc", "-T", "lint", *sorted(os.listdir(PAGES))], cwd=PAGES, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
    tests.say("manual pages are clean", run.stdout)
    tests.say("manual pages show texts as they are", "; ".join(filter(None, map(check_shown, table["commands"]))))


def check_refusals(tests):
    for words, named in ((["help", "nosuch"], "nosuch"), (["help", "host", "nosuch"], "nosuch"), (["nosuch"], "nosuch"),
                         (["host", "nosuch"], "nosuch"), (["help", "--man", "--json"], "--json"),
                         (["help", "--out", "x"], "--man"), (["help", "--complete"], "--complete"),
                         (["help", "--json", "ls"], "--json"), (["help", "--man", "--out", ""], "--out")):
        run = mvm(*words)
        right = run.returncode == 2 and named in run.stderr and run.stderr.count("\n") == 1 and not run.stdout
        tests.say("refused: mvm " + " ".join(words), None if right else f"{run.returncode}: {run.stdout}{run.stderr}")
    with open("/dev/full", "w", encoding="ascii") as full:
        for how in ("--json", "--man"):
            run = subprocess.run([MVM, "help", how], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False)
            right = run.returncode == 1 and "No space left" in run.stderr
            tests.say(f"help {how} to a full disk", None if right else f"{run.returncode}: {run.stderr}")
    run = mvm("help", "--man", "--out", "/dev/null/pages")
    tests.say("pages that cannot be written", None if run.returncode == 1 and "/dev/null" in run.stderr else run.stderr)


def main():
    tests, table = Tests(), json.loads(mvm("help", "--json").stdout)
    engines = {engine["name"]: engine for engine in table["engines"]}
    listed = mvm("--help").stdout
    for command in table["commands"]:
        what = "mvm " + command["name"]
        if not command["runs"]:
            run = mvm(*command["name"].split(), "--help")
            tests.say(what + ": --help", None if run.returncode == 0 and "PART" in run.stdout else run.stderr)
            tests.say(what + ": manual page", check_page(command, engines))
            continue
        if " " not in command["name"]:
            tests.say(what + ": listed", None if f"\n  {command['name']} " in listed else "not in mvm --help")
        tests.say(what + ": --help", check_help(command, engines))
        tests.say(what + ": options", check_parser(command))
        tests.say(what + ": manual page", check_page(command, engines))
        tests.say(what + ": completion", check_completion(command, engines))
        tests.say(what + ": --json", check_json(command))
        tests.say(what + ": examples", check_examples(command, engines))
    check_installed(tests, table)
    check_refusals(tests)
    return tests.end()


sys.exit(main())
