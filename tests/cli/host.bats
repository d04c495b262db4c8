#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# mvm host: findings about this host, whatever it is. What they are is tested on canned hosts and in the laboratory.

load common

@test "check says whether KVM is usable, as text and as JSON" {
    run --separate-stderr "$MVM" host check
    echo "$output$stderr"
    [ "$status" -eq 0 ]
    "$MVM" host check --json >found
    jq -e '.findings | length >= 2 and all(.name and .value and .meaning and (.verdict | IN("good", "better", "bad")))' found
    jq -e '.findings | map(.name) | contains(["memory", "swap", "vm.overcommit_memory", "transparent huge pages", "ksm", "cpus",
        "frequency governor", "ulimit -n", "local ports", "loopback addresses"])' found
    jq -e '.kvm.usable == (.kvm.why_not == null) and .kvm.usable == (.findings[0].verdict == "good")' found
    if jq -e .kvm.usable found; then
        [ "${lines[0]}" = "KVM is usable" ]
        [ -w /dev/kvm ]
    else
        [ "${lines[0]}" = "KVM is not usable" ]
    fi
}

@test "check tells of every engine what its VMs need, and what gives out first" {
    local engine
    for engine in null "exec --command=true{image}" qemu "qemu --accelerator kvm" vmm "vmm --resident" "vmm --cpu kvm" \
        "vmm --cpu kvm --resident"; do
        "$MVM" host check --vms 1000 --engine $engine --json >found || { cat found; false; }
        jq -e --arg name "${engine%% *}" '.plan | .engine == $name and .vms == 1000 and
            (.ceilings | map(.name) | contains(["memory", "kernel.pid_max", "kernel.threads-max", "fs.file-max"])) and
            (.ceilings | all(.limit > 0 and (.holds == null or .holds_least <= .holds)
                and (.verdict == if .holds == null or .holds >= 1000 then "good" else "bad" end))) and
            (.first == null or (.first.holds as $least | .ceilings | all(.holds == null or .holds >= $least)))' found
    done
    "$MVM" host check --vms 1000 --engine qemu >text
    grep -q '^1,000 VMs of the engine qemu, class A' text
    grep -q '^first to give out: ' text
    # What a user knows better.
    "$MVM" host check --vms 1000 --engine qemu --memory-each 1M --memory-limit 100M --json >found
    jq -e '.plan.first | .name == "--memory-limit" and .holds == 100' found
}

@test "what the engine vmm is said to need is what it takes" {
    export XDG_RUNTIME_DIR="$BATS_TEST_TMPDIR"
    local workers pid
    for workers in 1 3; do
        "$MVM" host check --vms 1000 --engine vmm --workers $workers --json >found
        "$MVM" run --engine vmm --workers $workers --count 1000 --name r --detach --quiet --json >run.json
        pid=$(jq .pid run.json)
        [ "$(ls /proc/$pid/task | wc -l)" -eq "$(jq '.plan.ceilings[] | select(.name == "kernel.pid_max").needed' found)" ]
        "$MVM" stop --run r
    done
}

@test "bad input is refused" {
    wrong="--vms" refused "$MVM" host check --vms 0
    wrong="--vms" refused "$MVM" host check --vms many
    wrong="'bochs'" refused "$MVM" host check --engine bochs
    wrong="--memory-limit" refused "$MVM" host check --memory-limit lots
    wrong="--memory-each" refused "$MVM" host check --memory-each 0
    wrong="--command" refused "$MVM" host check --engine exec
    wrong="--vms-per-process" refused "$MVM" host check --engine vmm --vms-per-process 10
    wrong="polish" refused "$MVM" host polish
    wrong="now" refused "$MVM" host check now
    wrong="--what" refused "$MVM" host check --what
}
