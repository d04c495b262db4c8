#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# mvm scale on VMs that are processes: qemu and exec.

bats_require_minimum_version 1.5.0
load common

@test "qemu: a mix has its shares at every step, each guest its image, and all answer a load" {
    need_qemu
    run --separate-stderr "$MVM" scale --engine qemu --mix sleep=0.5,load:5=0.5 --max 4 --intervals 2 --out run $QUICK \
        --load 40 --load-timeout 30s
    echo "$output$stderr"
    [ "$status" -eq 0 ]
    [[ "$output" == *"50 % load:5, sha256 "* ]]
    jq -e '.image.name == "sleep=0.5,load:5=0.5" and .population.started == 4 and .population.alive == 4 and .engine.class == "A"
           and ([.intervals[].vms] == [2, 4]) and ([.image.mix[].share] == [0.5, 0.5])
           and ([.intervals[].load | .due > 0 and .answered == .due and .wrong == 0] | all)' run/result.json
    of_schema result run/result.json
    local part
    for part in 0 1; do
        [ "$(sha256sum <"run/$(jq -r ".image.mix[$part].file" run/result.json)" | cut -d' ' -f1)" = \
            "$(jq -r ".image.mix[$part].sha256" run/result.json)" ]
    done
    "$MVM" image show run/2-load-5.img | grep -q 'profile.*5'
    nothing_left
}

@test "qemu: VMs boot, answer at every step, and are gone at the end" {
    need_qemu
    run --separate-stderr "$MVM" scale --engine qemu --guest sleep --max 6 --intervals 3 --out run $QUICK
    echo "$output$stderr"
    [ "$status" -eq 0 ]
    jq -e '.engine.class == "A" and .population.started == 6 and .population.alive == 6 and .stopped_by == "max"
           and ([.intervals[] | .alive == .asked and .asked == .vms] | all)
           and .intervals[2].boot_seconds.n == 2
           and (.engine.versions | tostring | contains("QEMU"))
           and (.per_vm.memory_bytes | type) == "number"' run/result.json # what it is, others have a part in here
    nothing_left
}

@test "qemu: mvm's own ROM starts the unmodified image, also on a PC with PCI" {
    need_qemu
    local machine
    for machine in isapc pc; do
        run --separate-stderr "$MVM" scale --engine qemu --machine $machine --firmware minimal --guest tick --max 4 --intervals 2 \
            --out "run-$machine" $QUICK
        echo "$machine: $output$stderr"
        [ "$status" -eq 0 ]
        jq -e '.population.alive == 4 and .engine.options.firmware == "minimal" and (.engine.binaries.minimal | length == 64)
               and (.engine.options.command | contains("-drive") | not)' "run-$machine/result.json"
    done
    nothing_left
}

@test "exec with QEMU in the template gives what the engine qemu gives, over all three kinds of serial port" {
    need_qemu
    local base='qemu-system-i386 -machine isapc -m 1 -accel tcg,tb-size=1 -nodefaults -no-user-config -display none -monitor none'
    base="$base -drive if=floppy,format=raw,readonly=on,file={image} -name vm{id}"
    local how
    for how in "stdio:-serial stdio" "listen:-serial unix:{serial}" "connect:-serial unix:{serial},server=on,wait=off"; do
        run --separate-stderr "$MVM" scale --engine exec --serial "${how%%:*}" --command "$base ${how#*:}" \
            --max 4 --intervals 2 --out "run-${how%%:*}" $QUICK
        echo "$how: $output$stderr"
        [ "$status" -eq 0 ]
        jq -e '.engine.class == "A" and .population.started == 4 and .population.alive == 4' "run-${how%%:*}/result.json"
    done
    nothing_left
}

@test "a boot sector of somebody else's runs as it is, and no liveness is claimed" {
    need_qemu
    nasm -f bin -o foreign.img "$BATS_TEST_DIRNAME/../guest/foreign.asm"
    run --separate-stderr "$MVM" scale --engine qemu --image foreign.img --max 4 --intervals 2 --out run $QUICK
    echo "$output$stderr"
    [ "$status" -eq 0 ]
    [[ "$output" == *"not proven"* ]]
    jq -e '.population.liveness == "not proven" and .population.alive == null and .population.asked == null
           and .population.running == 4' run/result.json
    cmp foreign.img run/image.img
    nothing_left
}

@test "QEMU's own error text reaches the user" {
    need_qemu
    run --separate-stderr "$MVM" scale --engine qemu --machine nonesuch --max 4 --out run $QUICK
    [ "$status" -eq 1 ]
    [[ "$stderr" == *"unsupported machine type"* ]]
    jq -e '.stopped_by == "engine" and .state == "done" and (.stop_reason | contains("unsupported machine type"))' run/result.json
    nothing_left
}

@test "VMs that die are counted and do not end the run" {
    need_qemu
    "$MVM" scale --engine qemu --max 60 --intervals 3 --samples 4 --sample-time 500ms --settle 1s --threshold 100 --quiet --out run >table 2>&1 &
    local mvm=$!
    wait_for_intervals run 1
    pkill -KILL -o -f "file=$BATS_TEST_TMPDIR/run/sleep.img"
    wait "$mvm" || { cat table; false; }
    jq -e '.population.started == 60 and .population.died == 1 and .population.running == 59 and .population.alive == 59
           and .population.asked == 59 and (.population.last_failure | contains("signal 9"))' run/result.json
    nothing_left
}

@test "Ctrl-C keeps what was measured and ends every VM" {
    need_qemu
    "$MVM" scale --engine qemu --max 200 --intervals 100 $QUICK --out run >table 2>&1 &
    interrupt_in_order run $!
    nothing_left
}

@test "kill -9 at a random moment: the result is whole and no VM lives on" {
    need_qemu
    local try
    for try in 1 2 3; do
        "$MVM" scale --engine qemu --max 200 --intervals 100 $QUICK --out "run$try" >/dev/null 2>&1 &
        local mvm=$! deadline=$((SECONDS + 20))
        until [ -e "run$try/result.json" ] || [ "$SECONDS" -gt "$deadline" ]; do sleep 0.02; done
        sleep "$((RANDOM % 3)).$((RANDOM % 10))"
        kill -KILL "$mvm"
        wait "$mvm" || true
        jq -e '.schema == "mvm-result/1" and .state == "running" and .stopped_by == null' "run$try/result.json"
        of_schema result "run$try/result.json"
        nothing_left
    done
}

@test "where /proc cannot be written VMs start all the same" {
    unshare --mount true 2>/dev/null || skip "mount namespaces are not permitted here"
    unshare --mount sh -c 'mount -o remount,bind,ro /proc && exec "$@"' _ \
        "$MVM" scale --engine exec --serial stdio --command "$FAKE_VM {image} good" --max 2 --intervals 2 $QUICK --out run
    jq -e '.population.alive == 2' run/result.json
}
