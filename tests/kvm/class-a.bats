#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Class A, --cpu kvm --resident: KVM VMs of their own in worker processes. One laboratory for all that is asked of a population,
# one for its ends.

load common

@test "resident VMs: all answer, no thread sleeps in them, a dead worker takes only its own along, nothing is left" {
    # shellcheck disable=SC2016
    run --separate-stderr in_lab -- sh -c '
        cells() { for p in /proc/[0-9]*; do [ "$(cat "$p/comm" 2>/dev/null)" = mvm-cell ] && echo "${p#/proc/}"; done; }
        mvm run --engine vmm --cpu kvm --resident --vms-per-process 40 --count 150 --name a --detach | head -n 1
        mvm ask --challenge all
        # The nursery has the name, too, and no VM.
        echo "processes $(cells | wc -l)"
        echo "threads $(for p in $(cells | tail -n +2); do ls "/proc/$p/task" | wc -l; done | sort | uniq -c)"
        echo "directories $(ls -d /sys/kernel/debug/kvm/*-* | wc -l)"
        kill -9 "$(cells | tail -n 1)"; sleep 1
        mvm ask --challenge all 2>/dev/null | head -n 1
        mvm ask --challenge all 2>/dev/null | grep -o "worker process ended" | head -n 1
        mvm ls --run a
        mvm stop --run a
        echo "left $(cells | wc -l)"'
    echo "$output / $stderr"
    [ "$status" -eq 0 ]
    [[ "$output" == *"150 of 150 VMs are ready (engine vmm, class A"* ]]
    [[ "$output" == *"150 of 150 VMs are alive"* ]]
    [[ "$output" == *"processes 5"* ]]
    [[ "$output" =~ threads\ +4\ 2 ]] # each has one that talks and one that runs VMs
    [[ "$output" == *"directories 4"* ]]
    [[ "$output" == *"worker process ended"* ]]
    [[ "$output" == *"left 0"* ]]
}

@test "resident VMs end with the program, and what the host refuses is said, with the VMs that there are" {
    # shellcheck disable=SC2016
    run --separate-stderr in_lab -- sh -c '
        cells() { for p in /proc/[0-9]*; do [ "$(cat "$p/comm" 2>/dev/null)" = mvm-cell ] && echo "${p#/proc/}"; done; }
        gone() { for i in 1 2 3 4 5 6 7 8 9 10; do [ -z "$(cells)" ] && break; sleep 1; done; echo "$1 leaves $(cells | wc -l)"; }
        run() { mvm run --engine vmm --cpu kvm --resident --vms-per-process 20 --count "$@"; }
        for signal in KILL INT; do
            run 60 --name b >out & program=$!
            while ! grep -q ready out; do sleep 0.2; done
            echo "before $signal $(cells | wc -l)"
            kill -$signal "$program"; wait "$program" 2>/dev/null
            gone "$signal"
        done
        mvm stop --all >/dev/null 2>&1
        sh -c "ulimit -n 100; exec mvm run --engine vmm --cpu kvm --resident --count 10 --vms-per-process 1000000" 2>&1
        echo "usage $?"
        # Each VM is a task of the kernel here.
        echo 400 >/proc/sys/kernel/pid_max
        run 1000 --name c --detach 2>&1 | head -n 2
        echo 4000000 >/proc/sys/kernel/pid_max
        mvm ask --challenge all | tail -n 1
        mvm stop --all
        gone stop'
    echo "$output / $stderr"
    [ "$status" -eq 0 ]
    [[ "$output" == *"before KILL 4"*"KILL leaves 0"* ]]
    [[ "$output" == *"before INT 4"*"INT leaves 0"* ]]
    [[ "$output" == *"usage 2"* ]]
    [[ "$output" == *"stop leaves 0"* ]]
}
