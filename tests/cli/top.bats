#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# mvm top: as lines of JSON, and on a terminal.

bats_require_minimum_version 1.5.0
load common
load runs

@test "what top refuses" {
    wrong="no run lives" refused "$MVM" top
    wrong="no run lives" refused "$MVM" top --json
    wrong="no run 'x'" refused "$MVM" top --run x
    "$MVM" run --engine vmm --count 2 --detach --quiet >/dev/null
    wrong="not a terminal" refused "$MVM" top
    wrong="--cells is for --json" refused "$MVM" top --cells 5
    wrong="--cells" refused "$MVM" top --json --cells 5000
    wrong="--interval" refused "$MVM" top --interval 1h
    wrong="not expected" refused "$MVM" top vmm-1
    wrong="no run 'other'" refused "$MVM" top --run other --json
    local type
    for type in nonsense dumb ''; do
        run -2 env TERM="$type" script -qec "\"$MVM\" top" /dev/null
        [[ "$output" == *"$type' (TERM)"*"--json"* ]]
    done
    run -0 "$MVM" top --help
}

@test "--json: figures and what went on between two looks" {
    "$MVM" run --engine vmm --guest tick --count 1000 --detach --quiet >/dev/null
    "$MVM" top --json --count 2 --interval 300ms --cells 100 >looks
    [ "$(wc -l <looks)" -eq 2 ]
    jq -se '.[0].rates == null and .[1].rates.seconds > 0 and .[1].at_ns > .[0].at_ns' looks
    # 18.2 ticks a second each; a busy machine may lose some, but never makes more than what it owed.
    jq -se '.[1].rates.wakes_per_second > 0 and .[1].wakes > .[0].wakes and .[1].instructions > .[0].instructions' looks
    jq -se 'map(.vms.running == 1000 and .numbers == 1000 and .engine == "vmm" and .state == "running") | all' looks
    jq -se '.[1].heat | .of == "wakes" and .vms_each == 16 and (.cells | length) == 63' looks
    # Counted from the first look on.
    jq -se '(.[1].heat.cells | add) as $n | $n > 0 and $n <= .[1].wakes' looks
    "$MVM" ask --challenge all
    "$MVM" top --json --count 1 --cells 0 >look
    jq -e '.heat == null and .asks.answered == 1000 and (.asks.latency_counts | add) == 1000' look
    jq -e '(.asks.latency_bounds_ns | length) + 1 == (.asks.latency_counts | length)' look
    "$MVM" top --json --interval 100ms | head -1 >look
    jq -e '.heat.cells | length <= 64' look
}

all_tick() {
    "$MVM" top --run mixed --json --count 1 --cells 4096 >look
    [ "$(jq '[.heat.cells[] | select(. > 0)] | length' look)" -eq 100 ]
}

busiest_are_known() {
    "$MVM" top --run mixed --json --count 1 >look
    [ "$(jq '.busiest | length == 16 and all(.wakes_per_second > 0)' look)" = true ]
}

@test "--json: engines that see no wakes tell of asks; a mix of its guests" {
    "$MVM" run --mix sleep=0.9,tick=0.1 --count 1000 --name mixed --detach --quiet >/dev/null
    # A cell each: those of tick are every tenth, and no others are woken.
    wait_until all_tick
    jq -e '.heat.vms_each == 1 and (.heat.cells | length) == 1000' look
    jq -e '[.heat.cells | to_entries[] | select(.value > 0) | .key % 10] | unique | length == 1' look
    wait_until busiest_are_known
    "$MVM" stop
    need_qemu
    "$MVM" run --engine qemu --count 3 --detach --quiet >/dev/null
    "$MVM" ask --challenge 1
    "$MVM" top --json --count 1 >look
    jq -e '.wakes == null and .heat == {"of": "asks", "vms_each": 1, "cells": [0, 1, 0]} and .asks.answered == 1' look
    jq -e '.memory.taken_bytes.anonymous != null and .cpu.host_cpus > 0' look
}

@test "--json ends with the run, and doors are counted" {
    "$MVM" run --guest web --route /=Hello --count 10 --http 127.0.0.1:0 --detach --quiet --json >started
    local port
    port=$(jq -r '.doors[0].port' started)
    for vm in 0 1 2; do curl -s "http://127.0.0.1:$port/vm/$vm/"; done
    curl -s "http://127.0.0.1:$port/vm/99/"
    "$MVM" top --json --count 1 >look
    jq -e '.doors.requests == 4 and .doors.refused == 1 and .doors.connections_total == 4 and .asks.answered == 3' look
    mkfifo lines
    "$MVM" top --json --interval 100ms >lines 2>said &
    local top=$!
    exec 8<lines
    read -r _ <&8
    "$MVM" stop
    cat <&8 >/dev/null
    exec 8<&-
    wait "$top"
    grep -q "has ended" said
}

@test "on a terminal: the screen, keys, sizes, and the terminal as it was, whatever ends it" {
    "$MVM" run --engine vmm --guest tick --count 100000 --name cloud --detach --quiet --json >started
    "$MVM" run --engine null --count 7 --name other --detach --quiet >/dev/null
    "$BATS_TEST_DIRNAME/top.py" "$MVM" "$(jq .pid started)"
    "$MVM" stop --all
}
