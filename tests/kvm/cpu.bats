#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The vmm's CPU on KVM, class T: what no tenant leaves, what no hostile guest does, and what the commands say of it. That guests do
# the same there is matrix.py's.

load common

BUILD=${MVM%/mvm}

with_tests() { # the programs of these tests, and their images
    local name
    for name in "$@"; do
        printf -- '--with\n%s/tests/%s\n' "$BUILD" "$name"
    done
}

@test "no byte passes from a tenant of a shell to the next" {
    mapfile -t with < <(with_tests tenants look.img leave-{0..14}.img)
    run in_lab --quiet "${with[@]}" -- sh -c "cd $BUILD/tests && ./tenants look.img leave-*.img"
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(grep -c '^ok' <<<"$output")" -eq 16 ]
}

@test "guests that spin, hammer ports and memory, change their code or die harm only themselves" {
    mapfile -t with < <(with_tests hostile puppet.img)
    run in_lab --quiet "${with[@]}" -- sh -c "cd $BUILD/tests && MVM_PUPPET=puppet.img ./hostile"
    echo "$output"
    [ "$status" -eq 0 ]
}

# Cases 8 and 342 of this seed end QEMU 7.2, which is the laboratory's processor.
@test "boot sectors by chance, in shells and with a KVM VM each" {
    mapfile -t with < <(with_tests fuzz-kvm puppet.img)
    run in_lab --quiet "${with[@]}" -- sh -c "cd $BUILD/tests && ./fuzz-kvm --first 9 --count 200 --seconds 60 puppet.img &&
        ./fuzz-kvm --resident --first 9 --count 200 --seconds 60 puppet.img"
    echo "$output"
    [ "$status" -eq 0 ]
    [ "$(grep -c " cases: " <<<"$output")" -eq 2 ]
}

@test "a population on KVM: measured, kept, traced, saved here and restored on the emulated CPU" {
    # shellcheck disable=SC2016
    run --separate-stderr in_lab -- sh -c '
        mvm scale --engine vmm --cpu kvm --max 200 --intervals 1 --samples 2 --sample-time 100ms --settle 1s --out r --quiet >/dev/null
        grep -E "\"(class|cpu|kvm-mode|kvm_shells|instructions)\"" r/result.json
        mvm run --engine vmm --cpu kvm --count 20 --name a --detach >/dev/null
        mvm ask --run a --challenge all --timeout 60s
        mvm trace --run a --count 5 --for 20s 3 > traced & sleep 2; mvm ask --run a --challenge 3 >/dev/null; wait
        echo "traced $(grep -c : traced)"
        mvm save --run a a.vms
        mvm stop --run a >/dev/null
        mvm restore a.vms --name b --detach >/dev/null && mvm ask --run b --challenge all --timeout 60s
        mvm stop --run b >/dev/null
        rm /dev/kvm
        mvm scale --engine vmm --cpu kvm --max 1 --quiet; echo "status $?"'
    echo "$output / $stderr"
    [[ "$output" == *'"class": "T"'*'"cpu": "kvm"'*'"kvm-mode": "SVM"'* ]]
    [[ "$output" != *instructions* ]]
    [ "$(grep -c "20 of 20 VMs are alive" <<<"$output")" -eq 2 ]
    [[ "$output" =~ "traced "[1-9] ]]
    [[ "$stderr" == *"no /dev/kvm on this machine"* ]]
    [[ "$output" == *"status 1"* || "$output" == *"status 2"* ]]
}
