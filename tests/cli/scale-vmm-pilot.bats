#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# mvm scale on the vmm: what the pilot finds out.

bats_require_minimum_version 1.5.0
load common

@test "a limit that the pilot meets already is where the test ends" {
    guest_image dirty dirty.img -DBYTES=65536 -DONCE
    run --separate-stderr "$MVM" scale --engine vmm --image dirty.img --intervals 5 --store-limit 32M --out run $QUICK
    echo "$output$stderr"
    [ "$status" -eq 0 ]
    jq -e '.stopped_by == "memory" and (.pilot.vms > 300 and .pilot.vms < 520) and (.intervals | length >= 4)
           and .population.alive == .population.started' run/result.json
}

@test "without --max the pilot finds how many fill a share of memory" {
    guest_image dirty dirty.img -DBYTES=65536 -DONCE
    run --separate-stderr "$MVM" scale --engine vmm --image dirty.img --memory-limit 4G --threshold 2.25 --intervals 3 \
        --out run --samples 2 --sample-time 100ms --settle 3s --quiet
    echo "$output$stderr"
    [ "$status" -eq 0 ]
    # Others may take memory or CPU of this machine meanwhile, so the share is far larger than what is planned; that came from the pilot.
    jq -e '.pilot.vms >= 64 and (.pilot.memory_bytes_per_vm | . > 50000 and . < 100000)
           and (.plan.interval_vms | . > 300 and . < 800) and .population.alive == .population.started' run/result.json
}
