#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# mvm limits: what is refused, what rows leave, and what the watchdog does.

bats_require_minimum_version 1.5.0
load common

# What else this machine does must not end a row.
ROW="--exhausted 100 --samples 2 --sample-time 50ms --settle 1s --latency-limit 10s --quiet"

@test "every option of limits refuses what it cannot take, naming what would be right" {
    local option bad
    while read -r option bad; do
        wrong="--$option"
        refused "$MVM" limits --engine null --max 5 --out run "--$option" "$bad"
    done <<'LIST'
rate fast
rate 10/m
rate 0/s
memory-limit lots
cpu-limit 0
exhausted 101
max 0
latency-limit 0s
latency-limit 11s
heartbeat 10ms
memory-floor some
samples 1
sample-time 1ms
settle 0s
repeats 0
order sideways
seed -1
LIST
    wrong="'bochs'" refused "$MVM" limits --engine bochs
    wrong="--frobnicate" refused "$MVM" limits --frobnicate
    wrong="'extra'" refused "$MVM" limits --engine null --max 5 extra
    wrong="ksm" refused "$MVM" limits --engine null --max 5 --ksm perhaps
    wrong="--preset" refused "$MVM" limits --preset table3
    wrong="exclude" refused "$MVM" limits --preset ladder --row '--guest tick'
    wrong="nothing of the host" refused "$MVM" limits --engine null --out run
    [ ! -e run/result.json ]
}

@test "what cannot be varied is refused, and nothing is run" {
    wrong="KEY=VALUE" refused "$MVM" limits --engine null --max 5 --out run --vary guest
    wrong="twice" refused "$MVM" limits --engine null --max 5 --out run --vary guest=tick,tick
    wrong="nap" refused "$MVM" limits --engine null --max 5 --out run --vary guest=sleep,nap
    wrong="--colour" refused "$MVM" limits --engine null --max 5 --out run --vary colour=red
    wrong="on or off" refused "$MVM" limits --engine vmm --max 5 --out run --vary resident=perhaps
    wrong="quote" refused "$MVM" limits --engine null --max 5 --out run --row '"--guest tick'
    [ ! -e run ]
}

@test "rows that are whole are not run again, one that was interrupted is, and another command is refused" {
    run --separate-stderr "$MVM" limits --engine null --max 6 --rate max --vary guest=sleep,tick --order random --seed 7 $ROW \
        --out run
    [ "$status" -eq 0 ] || { echo "$stderr"; return 1; }
    [ "$(jq -r '.rows | map(.directory) | join(" ")' run/limits.json)" = "01-guest-sleep 02-guest-tick" ]
    jq -e '[.rows[] | .state == "done" and .vms == 6 and .stopped_by == "max"] | all' run/limits.json
    jq -e '.rows | map(.sleep) == [true, false]' run/limits.json
    of_schema limits run/limits.json
    of_schema result run/02-guest-tick/result.json
    jq -e '.method == "limits/1" and .state == "done" and .teardown.done' run/02-guest-tick/result.json
    # Interrupted: its result says so.
    jq '.stopped_by = "interrupt"' run/02-guest-tick/result.json >changed
    mv changed run/02-guest-tick/result.json
    local sleeps ticks
    sleeps=$(jq .started_at run/01-guest-sleep/result.json) ticks=$(jq .started_at run/02-guest-tick/result.json)
    run --separate-stderr "$MVM" limits --resume run
    [ "$status" -eq 0 ] || { echo "$stderr"; return 1; }
    [ "$sleeps" = "$(jq .started_at run/01-guest-sleep/result.json)" ]
    [ "$ticks" != "$(jq .started_at run/02-guest-tick/result.json)" ]
    jq -e '.stopped_by == "max"' run/02-guest-tick/result.json
    wrong="another command" refused "$MVM" limits --engine null --max 7 --out run
    wrong="stands alone" refused "$MVM" limits --resume run --max 7
    wrong="none" refused "$MVM" limits --resume none
    # A result of something else is not replaced.
    mkdir other
    echo '{}' >other/result.json
    wrong="a result already" refused "$MVM" limits --engine null --max 7 --out other
    [ "$(cat other/result.json)" = "{}" ]
}

@test "a row that cannot run here stands in the table with its reason" {
    [ ! -e /sys/devices/system/cpu/cpu0/cpufreq ] || skip "this machine has cpufreq"
    run --separate-stderr "$MVM" limits --engine null --max 5 --rate max --row '--governor performance' --row '--guest tick' $ROW \
        --out run
    [ "$status" -eq 0 ] || { echo "$stderr"; return 1; }
    [[ "$output" == *"cannot run here: "*"cpufreq"* ]]
    jq -e '.rows[0].state == "cannot run" and .rows[1].state == "done"' run/limits.json
    of_schema limits run/limits.json
}

@test "when mvm itself hangs, the watchdog ends the row, the VMs are gone and what was measured stays" {
    need_qemu
    "$MVM" limits --max 500 --rate 2/s --heartbeat 500ms $ROW --json --out run >out 2>err &
    local main=$! row= deadline=$((SECONDS + 30))
    until [ -e run/result.json ] && jq -e '.intervals | length > 0' run/result.json >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$deadline" ] || { cat err; return 1; }
        sleep 0.1
    done
    row=$(pgrep -P "$main" -x mvm)
    kill -STOP "$row"
    wait "$main" || { cat err; return 1; }
    jq -e '.rows[0] | .state == "done" and .stopped_by == "unresponsive" and .vms > 0
        and (.stop_reason | test("sign of life"))' out
    nothing_left
}

@test "killed, mvm limits leaves no VM and no process" {
    need_qemu
    "$MVM" limits --max 500 --rate 5/s $ROW --out run >out 2>err &
    local main=$! deadline=$((SECONDS + 30))
    until pgrep -f "file=$BATS_TEST_TMPDIR" >/dev/null; do
        [ "$SECONDS" -lt "$deadline" ] || { cat err; return 1; }
        sleep 0.1
    done
    local row watchdog
    row=$(pgrep -P "$main" -x mvm)
    watchdog=$(pgrep -P "$main" -x mvm-watchdog)
    kill -KILL "$main"
    wait "$main" || true
    nothing_left
    local end=$((SECONDS + 5))
    while kill -0 "$row" 2>/dev/null || kill -0 "$watchdog" 2>/dev/null; do
        [ "$SECONDS" -lt "$end" ] || { ps -fp "$row,$watchdog"; return 1; }
        sleep 0.1
    done
    # Nor its control groups.
    [ -z "$(find /sys/fs/cgroup -type d -name "mvm-$row" 2>/dev/null)" ]
}

@test "three exhaustion runs in a row leave whole results, and the host as it was" {
    need_qemu
    run "$BATS_TEST_DIRNAME/../../bench/exhaustion" "$MVM" 3 160M
    [ "$status" -eq 0 ] || { echo "$output"; return 1; }
    [[ "$output" == *"result whole 3 of 3, nothing left 3 of 3, "* ]]
}
