#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""JSON against the schemas under docs/schema/.

The schemas let readers ignore names that they do not know. Here they are taken more strictly: a name that a schema does not
describe is an error, so that what mvm prints and what is documented cannot part.

usage: schema.py NAME FILE...
"""
import copy
import json
import os
import sys
import warnings

try:
    import jsonschema
except ImportError:
    # A Python that is not the system's may lack what the system's has.
    if os.path.realpath(sys.executable) == os.path.realpath("/usr/bin/python3"):
        raise
    os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv])

# Debian's version has nothing else to resolve references with; later ones would rather have something else used.
warnings.simplefilter("ignore", DeprecationWarning)

DIRECTORY = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../docs/schema")


def close(schema):
    """The schema with every object closed to names that it does not describe."""
    if isinstance(schema, list):
        return [close(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: value if name in ("if", "then", "else") else close(value) for name, value in schema.items()}
    if isinstance(closed.get("properties"), dict) and "type" in closed:
        closed.setdefault("additionalProperties", False)
    return closed


class Schemas:
    def __init__(self, directory=DIRECTORY):
        self.open = {}
        for file in sorted(os.listdir(directory)):
            with open(os.path.join(directory, file)) as text:
                self.open[file.removesuffix(".json")] = json.load(text)
        self.closed = {name: close(copy.deepcopy(schema)) for name, schema in self.open.items()}
        self.store = {schema["$id"]: schema for schema in self.closed.values()}
        self.used = set()

    def check(self, name, document):
        """None, or a sentence that says what is wrong."""
        self.used.add(name)
        resolver = jsonschema.RefResolver(name + ".json", self.closed[name], self.store)
        validator = jsonschema.Draft202012Validator(self.closed[name], resolver=resolver)
        error = jsonschema.exceptions.best_match(validator.iter_errors(document))
        return error and f"docs/schema/{name}.json: {error.json_path}: {error.message[:300]}"


def main(name, files):
    schemas, trouble = Schemas(), False
    for file in files:
        with open(file) as text:
            error = schemas.check(name, json.load(text))
        if error:
            print(f"{file}: {error}", file=sys.stderr)
            trouble = True
    return 1 if trouble else 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit("usage: schema.py NAME FILE...")
    sys.exit(main(sys.argv[1], sys.argv[2:]))
