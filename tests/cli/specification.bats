# SPDX-License-Identifier: GPL-3.0-or-later
# SPECIFICATION.md: each promise names what shows it, and that exists.

load common

setup() {
    ROOT="$BATS_TEST_DIRNAME/../.."
}

# evidence FILE: a line for each thing that is named in the last column: a path, a tab, and a name in that file or nothing.
# What follows a path and a colon is names, in backquotes or not, until the next path after a semicolon.
evidence() {
    python3 - "$1" <<'END'
import re, sys
for line in open(sys.argv[1], encoding="utf-8"):
    cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
    if not line.startswith("| ") or cells[-1] in ("shown by", "---"):
        continue
    if cells[-1] == "`pending`":
        continue
    for part in cells[-1].split("; "):
        path = re.match(r"`((?:tests|bench)/[\w./-]+)`", part)
        if not path:
            print(f"?\t{line.strip()}")
            continue
        rest = part[path.end():]
        if rest.startswith(": `"):
            for name in re.findall(r"`(\w+)`", rest):
                print(f"{path[1]}\t{name}")
        elif rest.startswith(": "):
            print(f"{path[1]}\t{rest[2:]}")
        else:
            for one in re.findall(r"`([\w./-]+)`", part):
                print(f"{one}\t")
END
}

# exists PATH NAME: the test or bench is there.
exists() {
    [ -f "$ROOT/$1" ] || { echo "there is no $1"; return 1; }
    case "$1" in
    bench/*) [ -x "$ROOT/$1" ] || { echo "$1 cannot be run"; return 1; } ;;
    *.bats) grep -qF "@test \"$2\" {" "$ROOT/$1" || { echo "$1 has no test '$2'"; return 1; } ;;
    tests/unit/*) grep -qE "cmocka_unit_test[a-z_]*\($2[,)]" "$ROOT/$1" || { echo "$1 has no test '$2'"; return 1; } ;;
    *) grep -qF "$(basename "$1")" "$ROOT/tests/meson.build" || { echo "$1 is not run by any test"; return 1; } ;;
    esac
}

@test "what SPECIFICATION.md names exists, for every promise" {
    evidence "$ROOT/SPECIFICATION.md" >"$BATS_TEST_TMPDIR/evidence"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/evidence")" -gt 40 ]
    while IFS=$'\t' read -r path name; do
        exists "$path" "$name"
    done <"$BATS_TEST_TMPDIR/evidence"
}

@test "a test or bench that does not exist is noticed" {
    printf '| p | `bench/absent` |\n| p | `tests/cli/run.bats`: no such test |\n| p | `tests/unit/test_mix.c`: `no_such` |\n' >"$BATS_TEST_TMPDIR/s.md"
    evidence "$BATS_TEST_TMPDIR/s.md" >"$BATS_TEST_TMPDIR/evidence"
    [ "$(wc -l <"$BATS_TEST_TMPDIR/evidence")" -eq 3 ]
    while IFS=$'\t' read -r path name; do
        run exists "$path" "$name"
        [ "$status" -eq 1 ]
    done <"$BATS_TEST_TMPDIR/evidence"
}
