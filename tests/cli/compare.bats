# SPDX-License-Identifier: GPL-3.0-or-later
# mvm compare: what changed, --fail-over for CI, and what is refused.

bats_require_minimum_version 1.5.0
load common

setup() {
    export TMPDIR="$BATS_TEST_TMPDIR"
    MVM=$(realpath "$MVM")
    cp -r "${MVM_TEST_DATA:-$BATS_TEST_DIRNAME/../unit/data}/report/"{sleep,tick} "$BATS_TEST_TMPDIR/"
    cd "$BATS_TEST_TMPDIR" || return 1
}

# changed FILE FILTER: sleep's result through jq.
changed() {
    command -v jq >/dev/null || skip "jq is not installed"
    jq "$2" sleep/result.json >"$1"
}

heavier='.per_vm.memory_bytes *= 1.1 | .per_vm.memory_bytes_ci95 |= map(. * 1.1)'

@test "a run against itself: nothing is more than noise" {
    run --separate-stderr "$MVM" compare sleep sleep
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    [[ "$output" == *"memory per VM"*"within noise"* ]]
    [[ "$output" == *"CPU per VM"*"within noise"* ]]
    [[ "$output" == *"boot time"*"for information"* ]]
}

@test "--fail-over passes and fails" {
    changed heavy.json "$heavier"
    run "$MVM" compare sleep heavy.json
    [ "$status" -eq 0 ]
    [[ "$output" == *"more, beyond noise"* ]]
    run "$MVM" compare sleep heavy.json --fail-over 5
    [ "$status" -eq 1 ]
    [[ "$output" == *"FAILED: memory per VM grew by more than 5 %"* ]]
    run "$MVM" compare sleep heavy.json --fail-over 15%
    [ "$status" -eq 0 ]
    run "$MVM" compare heavy.json sleep --fail-over 0
    [ "$status" -eq 0 ]
    [[ "$output" == *"less, beyond noise"* ]]
}

@test "a change within noise never fails" {
    changed noisy.json "$heavier | .per_vm.memory_bytes_ci95 = [1e6, 3e7]"
    run "$MVM" compare sleep noisy.json --fail-over 0
    [ "$status" -eq 0 ]
}

@test "--fail-over needs slopes to judge" {
    changed short.json '.per_vm.memory_bytes = null | .per_vm.memory_bytes_ci95 = null'
    wrong="cannot be judged: memory per VM" refused "$MVM" compare sleep short.json --fail-over 5
    run "$MVM" compare sleep short.json
    [ "$status" -eq 0 ]
    [[ "$output" == *"unknown in one of them"* ]]
}

@test "unlike runs are refused, and compared with a warning by --force" {
    wrong="they differ in image" refused "$MVM" compare sleep tick
    run "$MVM" compare sleep tick --force
    [ "$status" -eq 0 ]
    [[ "$output" == *"warning: not of one kind: they differ in image"* ]]

    changed t.json '.engine.class = "T"'
    wrong="they differ in class (A and T)" refused "$MVM" compare sleep t.json
    changed share.json '.plan.memory_limit_bytes = 1073741824'
    wrong="what 100 % is" refused "$MVM" compare sleep share.json
    changed host.json '.host.cpus = 48'
    wrong="host (" refused "$MVM" compare sleep host.json
}

@test "--json" {
    changed heavy.json "$heavier"
    run --separate-stderr "$MVM" compare sleep heavy.json --json --fail-over 5
    [ "$status" -eq 1 ]
    [ "$(jq -r '.memory_per_vm.more_than_noise' <<<"$output")" = true ]
    [ "$(jq -c '.failed' <<<"$output")" = '["memory_per_vm"]' ]
    [ "$(jq -r '.boot_time.more_than_noise' <<<"$output")" = null ]
    [ "$(jq -r '.unlike' <<<"$output")" = null ]
    jq -e '.memory_per_vm.percent | . > 9.9 and . < 10.1' <<<"$output"
}

@test "--help" {
    run --separate-stderr "$MVM" compare --help
    [ "$status" -eq 0 ]
    [[ "$output" == "usage: mvm compare A B"* ]]
}

@test "bad input is one sentence and exit status 2" {
    wrong="two runs" refused "$MVM" compare
    wrong="two runs" refused "$MVM" compare sleep
    wrong="two runs" refused "$MVM" compare sleep sleep sleep
    wrong="nowhere" refused "$MVM" compare sleep nowhere
    wrong="--fail-over 'much'" refused "$MVM" compare sleep sleep --fail-over much
    wrong="--fail-over '-5'" refused "$MVM" compare sleep sleep --fail-over -5
    wrong="--fail-over" refused "$MVM" compare sleep sleep --fail-over
    wrong="--tolerance" refused "$MVM" compare sleep sleep --tolerance 5
    head -c 500 sleep/result.json >cut.json
    wrong="cut.json" refused "$MVM" compare sleep cut.json
}
