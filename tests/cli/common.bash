# SPDX-License-Identifier: GPL-3.0-or-later
# For all bats files: the program under test and a private folder.

bats_require_minimum_version 1.5.0

MVM=${MVM:-$BATS_TEST_DIRNAME/../../build/mvm}
# The threshold keeps what else this machine does from ending a run; where tests run side by side readings never settle, so that
# waiting for that is as short as it can be.
QUICK="--samples 2 --sample-time 100ms --settle 1s --threshold 100 --quiet"

setup() {
    export TMPDIR="$BATS_TEST_TMPDIR"
    cd "$BATS_TEST_TMPDIR" || return 1
}

# refused WORDS... : the command is refused with exit status 2, one line on standard error, naming what $wrong says.
refused() {
    run --separate-stderr "$@"
    [ "$status" -eq 2 ] || { echo "exit status $status of: $*"; echo "$output$stderr"; return 1; }
    [ "${#stderr_lines[@]}" -eq 1 ] || { echo "more than one line: $stderr"; return 1; }
    [[ "$stderr" == *"$wrong"* ]] || { echo "'$stderr' does not name '$wrong'"; return 1; }
}

# of_schema NAME FILE...: JSON is as docs/schema/NAME.json has it, and has no names beyond.
of_schema() {
    python3 "$BATS_TEST_DIRNAME/schema.py" "$@"
}

# Within 5 seconds nothing of a population is left: no process that runs from this test's folder, no private folder.
nothing_left() {
    local deadline=$((SECONDS + 5))
    while [ "$SECONDS" -le "$deadline" ]; do
        if ! pgrep -f "(file=|-bios )$BATS_TEST_TMPDIR" >/dev/null && ! compgen -G "$TMPDIR/mvm-??????" >/dev/null; then
            return 0
        fi
        sleep 0.1
    done
    echo "left behind:"
    pgrep -af "(file=|-bios )$BATS_TEST_TMPDIR"
    compgen -G "$TMPDIR/mvm-??????"
    return 1
}

# wait_for_intervals RUN COUNT: until the result in RUN has so many, for a minute at most.
wait_for_intervals() {
    local deadline=$((SECONDS + 60))
    until [ "$(jq '.intervals | length' "$1/result.json" 2>/dev/null || echo 0)" -ge "$2" ] || [ "$SECONDS" -gt "$deadline" ]; do
        sleep 0.1
    done
}

# interrupt_in_order RUN PID: Ctrl-C to the test under way keeps what was measured.
interrupt_in_order() {
    wait_for_intervals "$1" 2
    kill -INT "$2"
    wait "$2"
    jq -e '.stopped_by == "interrupt" and .state == "done" and (.intervals | length >= 2)' "$1/result.json"
    [ -s "$1/resources.svg" ]
}

need_qemu() {
    command -v qemu-system-i386 >/dev/null || skip "qemu-system-i386 is not installed"
}

# guest_image NAME FILE [-DNAME=VALUE...]: assembles a guest of the tests.
guest_image() {
    assemble -o "$2" "${@:3}" "$BATS_TEST_DIRNAME/../guest/$1.asm"
}

assemble() {
    nasm -f bin -I "$BATS_TEST_DIRNAME/../../guests/" "$@"
}

# wait_until COMMAND... : within $PATIENCE seconds, or 20, it succeeds.
wait_until() {
    local deadline=$((SECONDS + ${PATIENCE:-20}))
    until "$@"; do
        [ "$SECONDS" -le "$deadline" ] || { echo "in vain: $*"; return 1; }
        sleep 0.05
    done
}
