#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# mvm scale --engine vmm: guests, shares and what is said of populations; on the plain build only.

bats_require_minimum_version 1.5.0
load common

@test "--json holds a compact population with one worker and one base" {
    "$MVM" scale --engine vmm --max 3000 --intervals 3 --workers 1 --bases reset --out run $QUICK --json >printed
    jq -e '.engine.options.workers == "1" and .engine.counters.bases == 1 and .population.alive == 3000' printed
}

@test "every guest boots on the vmm and answers" {
    local guest
    for guest in "tick --sample-time 500ms" "web --route /=Hello" "load --profile 2" "disk --rate 5"; do
        run --separate-stderr "$MVM" scale --engine vmm $QUICK --guest $guest --max 12 --intervals 3 --out "run-${guest%% *}"
        echo "$guest: $output$stderr"
        [ "$status" -eq 0 ]
        jq -c '.stopped_by, .stop_reason, .population' "run-${guest%% *}/result.json"
        jq -e '.population.alive == 12 and .population.asked == 12 and .stopped_by == "max"' "run-${guest%% *}/result.json"
    done
    # Ticking VMs are woken without being asked: 18.2 times a second each, over seconds.
    jq -e '.engine.counters.wakes > 500' run-tick/result.json
}

@test "the timer of tick goes at the rate that it is set to" {
    "$MVM" scale --engine vmm --guest tick --timer 1000 --max 4 --intervals 2 --out run $QUICK --sample-time 500ms >/dev/null
    # At the BIOS's rate it would take a minute to come that far.
    jq -e '.population.alive == 4 and .engine.counters.wakes > 4000' run/result.json
}

@test "a floppy and 4 MiB of memory make the same VMs" {
    "$MVM" scale --engine vmm --guest disk --drive floppy --ram 4M --max 8 --intervals 2 --out run $QUICK >/dev/null
    jq -e '.population.alive == 8 and .engine.options.ram == "4.00 MiB" and .engine.options.drive == "floppy"' run/result.json
}

@test "a boot sector of somebody else's runs as it is, and no liveness and no boot time is claimed" {
    guest_image foreign foreign.img
    run --separate-stderr "$MVM" scale --engine vmm --image foreign.img --max 5000 --intervals 2 --out run $QUICK
    echo "$output$stderr"
    [ "$status" -eq 0 ]
    [[ "$output" == *"not proven"* ]]
    jq -e '.population.liveness == "not proven" and .population.alive == null and .population.running == 5000
           and .per_vm.boot_seconds_median == 0 and .intervals[0].boot_seconds.n == 0' run/result.json
}

@test "progress lines tell of millions, and of the last challenge" {
    run --separate-stderr "$MVM" scale --engine vmm --max 40000 --intervals 2 --samples 2 --sample-time 100ms --settle 1s \
        --threshold 100 --out run
    [ "$status" -eq 0 ]
    [[ "$stderr" == *"20,000 of 40,000 VMs, CPU"*"alive 1,000 of 1,000"* ]]
    [[ "$stderr" == *"challenging every VM"* ]]
}

@test "compare refuses a VM of class T beside one of class A" {
    "$MVM" scale --engine vmm --max 600 --intervals 3 --out vmm $QUICK >/dev/null
    jq '.engine.class = "A"' vmm/result.json >qemu.json
    wrong="class (T and A)" refused "$MVM" compare vmm qemu.json
    run "$MVM" compare vmm qemu.json --force
    [ "$status" -eq 0 ]
    [[ "$output" == *"warning: not of one kind: they differ in class"* ]]
    run "$MVM" report vmm qemu.json --summary --out both.svg
    [[ "$output" == *"A VM of class T: booted and kept as data"*"A VM of class A: own live"* ]]
}
