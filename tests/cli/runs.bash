# SPDX-License-Identifier: GPL-3.0-or-later
# For bats files about runs: each test has runs of its own, and leaves none.

setup() {
    export TMPDIR="$BATS_TEST_TMPDIR"
    # The path of a control socket may be longer than the address of a socket has room for.
    export XDG_RUNTIME_DIR="$BATS_TEST_TMPDIR/runtime-directory-with-quite-a-long-name/of-more-than-a-hundred-characters-in-all"
    mkdir -p -m 700 "$XDG_RUNTIME_DIR"
    cd "$BATS_TEST_TMPDIR" || return 1
}

teardown() {
    "$MVM" stop --all --quiet >/dev/null 2>&1 || true
}

# The names of the directories of runs.
runs() {
    ls "$XDG_RUNTIME_DIR/mvm" 2>/dev/null
}

is_running() {
    # Not jq -e: that of Debian 12 takes no input at all for a yes.
    [ "$("$MVM" ls "$1" --json 2>/dev/null | jq -r .state)" = running ]
}

wait_for_run() {
    wait_until is_running "$1"
}

none_left() {
    ! pgrep -f "file=$XDG_RUNTIME_DIR" >/dev/null
}

no_vm_left() {
    wait_until none_left
}
