# SPDX-License-Identifier: GPL-3.0-or-later
# mvm report: tables, pictures and JSON of results; what bad input is told.

bats_require_minimum_version 1.5.0
load common

data() {
    echo "${MVM_TEST_DATA:-$BATS_TEST_DIRNAME/../unit/data}/report"
}

setup() {
    export TMPDIR="$BATS_TEST_TMPDIR"
    MVM=$(realpath "$MVM")
    cp -r "$(data)/sleep" "$(data)/tick" "$BATS_TEST_TMPDIR/"
    cd "$BATS_TEST_TMPDIR" || return 1
}

@test "one run: table, and resources.svg in its directory" {
    run --separate-stderr "$MVM" report sleep
    [ "$status" -eq 0 ]
    [ -z "$stderr" ]
    [[ "$output" == "qemu sleep, share 4.00 GiB: 320 VMs, 320 of 320 answered, stopped by memory"* ]]
    [[ "$output" == *"picture: sleep/resources.svg" ]]
    cmp sleep/resources.svg "$(data)/sleep.svg"
}

@test "the file instead of the directory, with a slash, and by its bare name" {
    run "$MVM" report sleep/result.json
    [ "$status" -eq 0 ]
    [ -s sleep/resources.svg ]
    rm sleep/resources.svg
    run "$MVM" report sleep/
    [ "$status" -eq 0 ]
    [ -s sleep/resources.svg ]
    cd sleep
    rm resources.svg
    run "$MVM" report result.json
    [ "$status" -eq 0 ]
    [ -s resources.svg ]
}

@test "two runs: both tables, the summary, and report.svg here" {
    run "$MVM" report sleep tick
    [ "$status" -eq 0 ]
    [[ "$output" == *"qemu tick, share 4.00 GiB: 192 VMs"* ]]
    [[ "$output" == *"memory per VM"* ]]
    [[ "$output" == *"picture: report.svg" ]]
    [ -s report.svg ]
    [ ! -e sleep/resources.svg ]
}

@test "--out and --label" {
    run "$MVM" report sleep tick --out both.svg --label "<first>" --label second
    [ "$status" -eq 0 ]
    grep -q "1: &lt;first&gt;" both.svg
    grep -q "2: second" both.svg
    [ ! -e report.svg ]
}

@test "labels that would read the same name their path" {
    cp -r sleep again
    run "$MVM" report sleep again
    [ "$status" -eq 0 ]
    [[ "$output" == *"(again): 320 VMs"* ]]
}

@test "the picture is well-formed and can be rendered" {
    command -v rsvg-convert >/dev/null || skip "rsvg-convert is not installed"
    "$MVM" report sleep tick --out both.svg >/dev/null
    rsvg-convert both.svg -o both.png
    [ -s both.png ]
}

@test "--json holds the whole result" {
    command -v jq >/dev/null || skip "jq is not installed"
    "$MVM" report sleep tick --json >report.json
    [ "$(jq -r '.runs[1].result.stopped_by' report.json)" = cpu ]
    [ "$(jq -r '.picture' report.json)" = report.svg ]
    jq -e '.runs[0].result' report.json >one.json
    jq -e --slurpfile whole sleep/result.json '. == $whole[0]' one.json
}

@test "--help" {
    run --separate-stderr "$MVM" report --help
    [ "$status" -eq 0 ]
    [[ "$output" == "usage: mvm report"* ]]
    [[ "$output" == *"--out FILE.svg"* ]]
}

@test "bad input is one sentence and exit status 2" {
    wrong="at least one run" refused "$MVM" report
    wrong="nowhere" refused "$MVM" report nowhere
    wrong="--colour" refused "$MVM" report sleep --colour red
    wrong="2 labels for 1 run" refused "$MVM" report sleep --label a --label b
    wrong="at most 8" refused "$MVM" report sleep sleep sleep sleep sleep sleep sleep sleep sleep
    wrong="--out" refused "$MVM" report sleep --out ""
    mkdir empty
    wrong="empty/result.json" refused "$MVM" report empty
}

@test "damaged results are told by their place" {
    head -c 2000 sleep/result.json >cut.json
    wrong="cut.json: not whole JSON: line" refused "$MVM" report cut.json
    : >none.json
    wrong="none.json: not whole JSON" refused "$MVM" report none.json
    sed 's|"mvm-result/1"|"mvm-result/9"|' sleep/result.json >other.json
    wrong=".schema is not" refused "$MVM" report other.json
    sed '0,/"vms": 16,/s//"vms": -16,/' sleep/result.json >negative.json
    wrong=".vms is negative" refused "$MVM" report negative.json
    [ ! -e resources.svg ]
}

@test "a picture that cannot be written is exit status 1" {
    run --separate-stderr "$MVM" report sleep --out nowhere/picture.svg
    [ "$status" -eq 1 ]
    [ "${#stderr_lines[@]}" -eq 1 ]
    [[ "$stderr" == "mvm report: "*"nowhere"* ]]
}
