#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The engine qemu with a fork server, of which fork-server.py has the protocol. What needs the patched QEMU itself is in
# tests/qemu-lean/.

bats_require_minimum_version 1.5.0
load common
load runs

FORKED=(--engine qemu --binary "$BATS_TEST_DIRNAME/fork-server.py" --fork-server --quiet)

# keep COUNT: a run of that many.
keep() {
    run --separate-stderr "$MVM" run "${FORKED[@]}" --count "$1" --name here --detach
    echo "$output$stderr"
}

@test "VMs of a fork server are class B, answer, and are gone at the end" {
    keep 40
    [ "$status" -eq 0 ]
    [ "$("$MVM" ls here --json | jq -r .class)" = B ]
    [ "$("$MVM" ask --run here --challenge all)" = "40 of 40 VMs are alive" ]
    "$MVM" stop --run here
    nothing_left
}

@test "a QEMU without fork server is refused, and so is one with KVM" {
    need_qemu
    wrong="make qemu-lean" refused "$MVM" scale --engine qemu --fork-server --out run
    wrong="--accelerator tcg" refused "$MVM" scale --engine qemu --fork-server --accelerator kvm --out run
    [ ! -e run ]
}

@test "a fork server that ends before it is ready is told in its own words" {
    FAKE_QEMU=ends keep 4
    [ "$status" -eq 1 ]
    [[ "$output$stderr" == *"fork server exited with status 1: no such machine"* ]]
    nothing_left
}

@test "a fork server that ends later ends growth, not its VMs" {
    FAKE_QEMU=tired keep 30
    [ "$status" -eq 1 ]
    [[ "$output" == *"25 of 30 VMs"*"fork server exited with status 3: tired after 25"* ]]
    [ "$("$MVM" ask --run here --challenge all)" = "25 of 25 VMs are alive" ]
    "$MVM" stop --run here
    nothing_left
}

@test "a forked VM that ends is counted, with its status and its words" {
    FAKE_QEMU=leave keep 4
    run "$MVM" ask --run here --challenge 2
    [ "$status" -eq 1 ]
    ended() { "$MVM" ls here --json | jq -e '.vms.running == 3 and .vms.stopped == 1' >/dev/null; }
    wait_until ended
    "$MVM" ls here --json | jq -e '.last_failure | contains("VM 2 exited with status 7: told to leave")'
    "$MVM" stop --run here
    nothing_left
}

@test "nothing of a fork server is left when mvm is killed" {
    keep 20
    local mvm
    mvm=$("$MVM" ls here --json | jq .pid)
    [ "$(pgrep -c -P "$mvm" -f fork-server.py)" -ge 21 ]
    kill -KILL "$mvm"
    nothing_left
}
