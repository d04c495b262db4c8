#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# mvm scale --engine vmm: populations by the thousand, and what ends them. More of it,
# which the sanitizers would look at in vain: scale-vmm-more.bats.

bats_require_minimum_version 1.5.0
load common

# Whether memory that is freed stays with the address sanitizer, and each piece has its red zone.
sanitized() {
    ldd "$MVM" | grep -q libasan
}

@test "every option of the vmm engine refuses what it cannot take" {
    local option bad
    while read -r option bad; do
        wrong="--$option"
        refused "$MVM" scale --engine vmm --max 10 --out run "--$option" "$bad"
    done <<'LIST'
workers 257
workers -1
workers two
ram 1000
ram 512K
ram 1.5M
ram 17M
store-limit lots
slice 999
slice 0
output-limit 10
boot-timeout 0
boot-timeout soon
drive tape
bases none
LIST
    wrong="--resident" refused "$MVM" scale --engine vmm --resident=yes
    wrong="--binary" refused "$MVM" scale --engine vmm --binary x
    wrong="--vms-per-process" refused "$MVM" scale --engine vmm --vms-per-process 10
    wrong="--without" refused "$MVM" scale --engine vmm --cpu kvm --without drain
    wrong="debugfs, drain" refused "$MVM" scale --engine vmm --cpu kvm --resident --without drain,air
    wrong="--workers" refused "$MVM" scale --engine vmm --cpu kvm --resident --workers 2
    wrong="--bases" refused "$MVM" scale --engine vmm --cpu kvm --resident --bases reset
    [ ! -e run ]
}

@test "20,000 VMs of class T: all answer, and the result says what the engine counted" {
    run --separate-stderr "$MVM" scale --engine vmm --max 20000 --intervals 4 --out run $QUICK
    echo "$output$stderr"
    [ "$status" -eq 0 ]
    [[ "$output" == *"class T (booted and kept as data"* ]]
    [[ "$output" == *"counted   boots 20,000, wakes"* ]]
    jq -e '.engine.class == "T" and .stopped_by == "max" and .population.started == 20000
           and .population.alive == 20000 and .population.asked == 20000 and .population.running == 20000
           and ([.intervals[] | .vms] == [5000, 10000, 15000, 20000]) and ([.intervals[] | .asked == 1000 and .alive == 1000] | all)
           and (.engine.counters | .boots == 20000 and .wakes >= 44000 and .instructions > 20000
                and .held_bytes >= .used_bytes and .used_bytes >= .record_bytes and .vms_stopped_by_triple_fault == 0)
           and .engine.options.resident == "no" and .engine.options.bases == "learned"' run/result.json
    of_schema result run/result.json
    # Its process knows to some bytes what the host does not see.
    sanitized || jq -e '.per_vm.own_memory_bytes | . > 8 and . < 300' run/result.json
    jq -e '.intervals[3].own_memory_bytes.mean > 0
           and (.intervals[0].boot_seconds | .n >= 1000 and .median > 0 and .median < 0.1)' run/result.json
    grep -q "class T (booted and kept as data" run/resources.svg
    [ "$(head -n 1 run/samples.csv | tr , '\n' | grep -c '^own_memory_bytes$')" -eq 1 ]
}

@test "a load by HTTP is answered" {
    "$MVM" scale --engine vmm --guest web --route /=Hello --max 100 --intervals 1 --out run $QUICK --load 300 --load-path / \
        --load-timeout 30s >/dev/null
    jq -e '.plan.load.path == "/" and (.intervals[0].load | .due > 0 and .answered == .due)' run/result.json
}

@test "VMs that stop are counted with their reason, and end the run" {
    printf 'bits 16\norg 0x7c00\nlidt [none]\nud2\nnone: times 6 db 0\ntimes 510 - ($ - $$) db 0\ndw 0xaa55\n' >fault.asm
    assemble -o fault.img fault.asm
    run --separate-stderr "$MVM" scale --engine vmm --image fault.img --max 100 --intervals 2 --out run $QUICK
    echo "$output$stderr"
    [ "$status" -eq 1 ]
    [[ "$stderr$output" == *"triple fault"* ]]
    jq -e '.state == "done" and (.stopped_by == "alive" or .stopped_by == "engine") and (.stop_reason | contains("triple fault"))' run/result.json
}

@test "a guest that never announces itself has failed when its time is over" {
    # The descriptor of a guest, and code that only halts.
    printf 'bits 16\norg 0x7c00\njmp short start\ndb "MVM", 1, "mute", 0, 0, 0, 0\ndw 0, 0\nstart: cli\nhlt\njmp start\ntimes 510 - ($ - $$) db 0\ndw 0xaa55\n' >mute.asm
    assemble -o mute.img mute.asm
    run --separate-stderr "$MVM" scale --engine vmm --image mute.img --max 8 --boot-timeout 200ms --out run $QUICK
    echo "$output$stderr"
    [ "$status" -eq 1 ]
    [[ "$stderr" == *"did not announce itself in time"* ]]
    jq -e '.stopped_by == "engine"' run/result.json
}

@test "the population's memory limit ends growth with its reason, and all that were started answer" {
    guest_image dirty dirty.img -DBYTES=65536
    run --separate-stderr "$MVM" scale --engine vmm --image dirty.img --max 10000 --intervals 20 --store-limit 32M --boot-timeout 5m --out run $QUICK
    echo "$output$stderr"
    [ "$status" -eq 0 ]
    jq -e '.stopped_by == "memory" and (.stop_reason | contains("memory limit of 32.0 MiB"))
           and (.population | .started > 300 and .started < 520 and .alive == .started and .failed == 0 and .died == 0)
           and .engine.counters.held_bytes <= 33554432 and .engine.counters.held_bytes > 25000000' run/result.json
}

@test "no VM at all fits the limit" {
    run --separate-stderr "$MVM" scale --engine vmm --max 10 --store-limit 4K --out run $QUICK
    [ "$status" -eq 1 ]
    [[ "$stderr" == *"memory limit of 4.00 KiB"* ]]
}

@test "--resident keeps a whole memory for each VM, within the same limit" {
    "$MVM" scale --engine vmm --resident --max 60 --intervals 3 --out resident $QUICK >/dev/null
    jq -e '.population.alive == 60 and .engine.options.resident == "yes"
           and (.per_vm.own_memory_bytes | . > 1e6 and . < 1.3e6) and .engine.counters.held_bytes > 60e6' resident/result.json
    "$MVM" scale --engine vmm --resident --max 60 --intervals 3 --store-limit 20M --out limited $QUICK >/dev/null
    jq -e '.stopped_by == "memory" and (.stop_reason | contains("memory limit of 20.0 MiB"))
           and (.population | .started >= 12 and .started < 20 and .alive == .started)' limited/result.json
}

@test "Ctrl-C keeps what was measured" {
    "$MVM" scale --engine vmm --max 2000000 --intervals 200 $QUICK --out run >table 2>&1 &
    interrupt_in_order run $!
}
