#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# mvm host tune: what it says, does and takes back. What it decides is tested on canned hosts.

load common

# More tasks than this host has numbers or threads for, as an engine of one task a VM.
wish() {
    VMS=$(cat /proc/sys/kernel/threads-max)
    WISH=(--vms "$VMS" --engine exec "--command=true{image}" --undo-file "$PWD/state/undo.json")
    NUMBERS="$(cat /proc/sys/kernel/pid_max /proc/sys/kernel/threads-max /proc/sys/fs/nr_open /proc/sys/fs/file-max)"
}

# Also when a test fails in the middle.
teardown() {
    [ ! -e "$BATS_TEST_TMPDIR/state/undo.json" ] ||
        "$MVM" host tune --undo --force --undo-file "$BATS_TEST_TMPDIR/state/undo.json"
}

now() {
    cat /proc/sys/kernel/pid_max /proc/sys/kernel/threads-max /proc/sys/fs/nr_open /proc/sys/fs/file-max
}

need_sysctls() {
    [ -w /proc/sys/kernel/threads-max ] && [ -w /proc/sys/kernel/pid_max ] || skip "the settings of this kernel cannot be written"
}

@test "a dry run prints commands and changes nothing" {
    wish
    run --separate-stderr "$MVM" host tune "${WISH[@]}" --dry-run
    echo "$output$stderr"
    [[ "$output" == *"sysctl -w kernel.threads-max="*"# was $VMS: "* ]]
    [ "$(now)" = "$NUMBERS" ]
    [ ! -e state ]
}

@test "what is tuned is what was printed, VMs fit then, and undo restores it" {
    need_sysctls
    wish
    run --separate-stderr "$MVM" host tune "${WISH[@]}"
    "$MVM" host check --vms "$VMS" --engine exec "--command=true{image}" --json >check.json
    local after printed="$output" undo
    after=$(now)
    jq -c .changes state/undo.json
    run --separate-stderr "$MVM" host tune --undo --undo-file "$PWD/state/undo.json"
    echo "$printed$output$stderr"
    [ "$status" -eq 0 ]
    [ "$(now)" = "$NUMBERS" ]
    [ ! -e state/undo.json ]
    # Each that was changed was printed.
    [ "$after" != "$NUMBERS" ]
    local name old new
    while read -r name old new; do
        [ "$old" = "$new" ] || grep -q "^sysctl -w $name=$new    # was $old: " <<<"$printed"
    done < <(paste -d ' ' <(printf '%s\n' kernel.pid_max kernel.threads-max fs.nr_open fs.file-max) \
        <(echo "$NUMBERS") <(echo "$after"))
    jq -e '.plan.ceilings | map(select(.name == "kernel.pid_max" or .name == "kernel.threads-max")) | length == 2 and
        all(.verdict == "good")' check.json
    # Nothing is there to be undone twice.
    run --separate-stderr "$MVM" host tune --undo --undo-file "$PWD/state/undo.json"
    [ "$status" -eq 1 ]
    [[ "$stderr" == *"no undo file"* ]]
}

@test "what somebody else has set since is left, and said" {
    need_sysctls
    wish
    "$MVM" host tune "${WISH[@]}" || true
    local mine
    mine=$(($(cat /proc/sys/kernel/threads-max) - 1))
    echo "$mine" >/proc/sys/kernel/threads-max
    run --separate-stderr "$MVM" host tune --undo --undo-file "$PWD/state/undo.json"
    local left
    left=$(cat /proc/sys/kernel/threads-max)
    "$MVM" host tune --undo --force --undo-file "$PWD/state/undo.json"
    [ "$(now)" = "$NUMBERS" ]
    echo "$output$stderr"
    [ "$status" -eq 1 ]
    [ "$left" -eq "$mine" ]
    [[ "$stderr" == *"kernel.threads-max: is $mine now"* ]]
}

@test "without permission nothing is changed, and each thing that could not be done is named" {
    [ "$(id -u)" -eq 0 ] || skip "only root can become somebody else"
    wish
    chmod 755 "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$BATS_TEST_TMPDIR"
    cp "$MVM" mvm
    run --separate-stderr setpriv --reuid 65534 --regid 65534 --clear-groups ./mvm host tune "${WISH[@]}"
    echo "$output$stderr"
    [ "$status" -eq 1 ]
    [[ "$stderr" == *"kernel.threads-max: Permission denied"* ]]
    [[ "$stderr" == *"nothing was changed"* ]]
    [ "$(now)" = "$NUMBERS" ]
}

@test "bad input is refused" {
    wrong="--vms" refused "$MVM" host tune
    wrong="--vms" refused "$MVM" host tune --vms 0
    wrong="--undo" refused "$MVM" host tune --undo --vms 10
    wrong="--force" refused "$MVM" host tune --vms 10 --force
    wrong="--undo-file" refused "$MVM" host tune --vms 10 --undo-file ""
    wrong="'bochs'" refused "$MVM" host tune --vms 10 --engine bochs
    wrong="now" refused "$MVM" host tune --vms 10 now
    echo '{"schema": "something else"}' >undo.json
    run --separate-stderr "$MVM" host tune --undo --undo-file undo.json
    [ "$status" -eq 1 ]
    [[ "$stderr" == *"undo.json is no undo file"* ]]
}
