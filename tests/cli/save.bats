#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# mvm save and restore: a population as a file.

bats_require_minimum_version 1.5.0
load common
load runs

@test "a population comes back from its file, in another run with other workers" {
    "$MVM" run --engine vmm --count 5000 --workers 2 --name old --detach --quiet
    run -0 "$MVM" save --run old population.mvm
    [[ "$output" == "run old is saved in population.mvm: "* ]]
    run -0 "$MVM" ask --run old --challenge all     # it goes on
    "$MVM" stop --run old --quiet

    run -0 "$MVM" restore population.mvm --workers 1 --name new --detach --json
    [ "$(jq -c '[.vms.running, .wanted, .image]' <<<"$output")" = '[5000,5000,"sleep"]' ]
    run -0 "$MVM" ask --run new --challenge all
    [[ "$output" == *5000* ]]
    run -0 "$MVM" ls new --json
    [ "$(jq -r .state <<<"$output")" = running ]
    "$MVM" stop --run new --quiet
    [ -z "$(runs)" ]
    [ ! -e population.mvm.part ]
}

@test "the state of each VM is in the file: what a guest counted goes on from there" {
    "$MVM" run --engine vmm --guest tick --count 20 --name ticking --detach --quiet
    "$MVM" save --run ticking ticking.mvm
    "$MVM" stop --run ticking --quiet
    "$MVM" restore ticking.mvm --name again --detach --quiet
    run -0 "$MVM" ls again --json
    before=$(jq '.counted.wakes // 0' <<<"$output")
    sleep 1
    run -0 "$MVM" ls again --json
    [ "$(jq '.counted.wakes // 0' <<<"$output")" -ge $((before + 20 * 10)) ]    # 18 times a second each
}

@test "a file that was altered or cut off is refused, and nothing runs" {
    "$MVM" run --engine vmm --count 100 --name here --detach --quiet
    "$MVM" save --run here good.mvm
    local size at
    size=$(stat -c %s good.mvm)
    for at in 0 9 30 560 $((size / 2)) $((size - 40)) $((size - 1)); do
        cp good.mvm bad.mvm
        printf '\x5a' | dd of=bad.mvm bs=1 seek="$at" conv=notrunc status=none
        cmp -s good.mvm bad.mvm && continue
        wrong="bad.mvm" refused "$MVM" restore bad.mvm --quiet
        head -c "$at" good.mvm >bad.mvm
        wrong="bad.mvm" refused "$MVM" restore bad.mvm --quiet
    done
    { cat good.mvm; printf x; } >bad.mvm
    wrong="checksum" refused "$MVM" restore bad.mvm --quiet
    [ "$(runs)" = here ]
}

@test "save and restore refuse what they cannot take" {
    wrong="no run lives" refused "$MVM" save x.mvm
    "$MVM" run --engine null --count 3 --name nothing --detach --quiet
    wrong="engine null cannot be saved" refused "$MVM" save --run nothing x.mvm
    "$MVM" run --engine vmm --count 3 --name here --detach --quiet
    wrong="one file" refused "$MVM" save --run here
    wrong="one file" refused "$MVM" save --run here a b
    wrong="empty" refused "$MVM" save --run here ''
    wrong="--timeout" refused "$MVM" save --run here --timeout never x.mvm
    touch there.mvm
    wrong="--overwrite" refused "$MVM" save --run here there.mvm
    run -0 "$MVM" save --run here --overwrite there.mvm
    run -1 "$MVM" save --run here no/such/folder/x.mvm
    [[ "$output" == *"no/such/folder"* ]]
    wrong="one file" refused "$MVM" restore
    wrong="no-such-file" refused "$MVM" restore no-such-file
    wrong="regular file" refused "$MVM" restore .
    wrong="engine null" refused "$MVM" restore --engine null there.mvm
    wrong="'bochs'" refused "$MVM" restore --engine bochs there.mvm
    wrong="--ram" refused "$MVM" restore there.mvm --ram 2M
    wrong="--drive" refused "$MVM" restore there.mvm --drive floppy
    wrong="resident" refused "$MVM" restore there.mvm --resident
    wrong="name of a run" refused "$MVM" restore there.mvm --name a/b
    wrong="here" refused "$MVM" restore there.mvm --name here
}

@test "a store limit that does not hold the population says so" {
    "$MVM" run --engine vmm --count 200000 --name here --detach --quiet
    "$MVM" save --run here many.mvm
    "$MVM" stop --run here --quiet
    run -1 "$MVM" restore many.mvm --store-limit 1M --quiet
    [[ "$output" == *"memory limit"* ]]
    [ -z "$(runs)" ]
}

@test "resident VMs cannot be saved, and that is said" {
    "$MVM" run --engine vmm --resident --count 3 --name here --detach --quiet
    wrong="resident" refused "$MVM" save --run here x.mvm
    [ ! -e x.mvm ]
}
