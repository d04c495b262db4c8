#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Class A, --cpu kvm --resident: KVM VMs of their own in worker processes. One laboratory for all that is asked of a population,
# one for its ends.

load common

# For the scripts in the laboratory: the processes of that name that live, the nursery among them.
setup() {
    begin_test
    cat >cells <<'END'
cells() {
    for p in /proc/[0-9]*; do
        read -r _ name state _ 2>/dev/null <"$p/stat" || continue
        [ "$name" = "(mvm-cell)" ] && [ "$state" != Z ] && echo "${p#/proc/}"
    done
}
END
}

@test "resident VMs: all answer, no thread sleeps in them, a dead worker takes only its own along, nothing is left" {
    # shellcheck disable=SC2016
    run --separate-stderr in_lab --with cells -- sh -c '
        . ./cells
        mvm run --engine vmm --cpu kvm --resident --vms-per-process 40 --count 150 --name a --detach | head -n 1
        mvm ask --challenge all --timeout 60s
        echo "processes $(cells | wc -l)"
        echo "threads $(for p in $(cells); do ls "/proc/$p/task" | wc -l; done | sort | uniq -c | tr -s "\n " " ")"
        echo "directories $(ls -d /sys/kernel/debug/kvm/*-* | wc -l)"
        for p in $(cells); do [ "$(ls "/proc/$p/task" | wc -l)" = 2 ] && last=$p; done
        kill -9 "$last"; sleep 1
        mvm ask --challenge all --timeout 60s 2>/dev/null | head -n 1
        mvm ask --challenge all --timeout 60s 2>/dev/null | grep -o "worker process ended" | head -n 1
        mvm stop --run a
        echo "left $(cells | wc -l)"'
    echo "$output / $stderr"
    [ "$status" -eq 0 ]
    [[ "$output" == *"150 of 150 VMs are ready (engine vmm, class A"* ]]
    [[ "$output" == *"150 of 150 VMs are alive"* ]]
    [[ "$output" == *"processes 5"* ]]
    # The nursery has one; each cell one that talks and one that runs VMs.
    [[ "$output" == *"threads  1 1 4 2"* ]]
    [[ "$output" == *"directories 4"* ]]
    [[ "$output" == *"worker process ended"* ]]
    [[ "$output" == *"left 0"* ]]
}

@test "resident VMs end with the program, and what the host refuses is said, with the VMs that there are" {
    # shellcheck disable=SC2016
    run --separate-stderr in_lab --with cells -- sh -c '
        . ./cells
        gone() { for i in 1 2 3 4 5 6 7 8 9 10; do [ -z "$(cells)" ] && break; sleep 1; done; echo "$1 leaves $(cells | wc -l)"; }
        for signal in KILL INT; do
            mvm run --engine vmm --cpu kvm --resident --vms-per-process 20 --count 60 --name "$signal" >out & program=$!
            for i in $(seq 200); do grep -q ready out && break; sleep 0.2; done
            echo "before $signal $(cells | wc -l)"
            kill -$signal "$program"; wait "$program" 2>/dev/null
            gone "$signal"
            mvm stop --all >/dev/null 2>&1
        done
        sh -c "ulimit -n 100; exec mvm run --engine vmm --cpu kvm --resident --count 10 --vms-per-process 1000000" 2>&1
        echo "usage $?"
        # Each VM is a task of the kernel here.
        echo 400 >/proc/sys/kernel/pid_max
        mvm run --engine vmm --cpu kvm --resident --vms-per-process 20 --count 1000 --name c --detach 2>&1 | head -n 3
        echo 4000000 >/proc/sys/kernel/pid_max
        mvm ask --challenge all --timeout 60s | tail -n 1
        mvm stop --all
        gone stop'
    echo "$output / $stderr"
    [ "$status" -eq 0 ]
    [[ "$output" == *"before KILL 4"*"KILL leaves 0"* ]]
    [[ "$output" == *"before INT 4"*"INT leaves 0"* ]]
    [[ "$output" == *"usage 2"* ]]
    [[ "$output" == *"no more VMs were started: "*"kernel.pid_max"* ]]
    [[ "$output" =~ ([1-9][0-9]+)" of "([0-9]+)" VMs are alive" ]]
    [ "${BASH_REMATCH[1]}" = "${BASH_REMATCH[2]}" ]
    [[ "$output" == *"stop leaves 0"* ]]
}
