#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# mvm run, ls, ask and stop: a population that is kept, and its control socket.

bats_require_minimum_version 1.5.0
load common
load runs

@test "every option of run refuses what it cannot take, naming what would be right" {
    local option bad
    while read -r option bad; do
        wrong="--$option"
        refused "$MVM" run --engine null "--$option" "$bad"
    done <<'LIST'
count 0
count 1.5
count many
count -1
memory-limit lots
memory-limit 1K
LIST
    wrong="'bochs'" refused "$MVM" run --engine bochs
    wrong="nap" refused "$MVM" run --engine null --guest nap
    wrong="exclude" refused "$MVM" run --engine null --guest sleep --image x.img
    wrong="--mix" refused "$MVM" run --engine null --mix sleep=1 --guest sleep
    wrong="1 together" refused "$MVM" run --engine null --mix sleep=0.5
    wrong="settings go with --guest" refused "$MVM" run --engine null --image x.img --rate 5
    wrong="--frobnicate" refused "$MVM" run --frobnicate
    wrong="'extra'" refused "$MVM" run --engine null extra
    wrong="this host has" refused "$MVM" run --engine null --memory-limit 900T
    local name
    for name in '' . .. .hidden a/b -x 'with space' "$(printf 'x%.0s' $(seq 33))"; do
        wrong="name of a run" refused "$MVM" run --engine null "--name=$name"
    done
    [ -z "$(runs)" ]
}

@test "several guests in one run" {
    "$MVM" run --engine vmm --mix sleep=0.5,web:/=Hello=0.5 --count 8 --name both --detach --quiet
    "$MVM" ask --challenge all
    [ "$("$MVM" ls both --json | jq -r .image)" = "sleep=0.5,web:/=Hello=0.5" ]
    # Every second one is a web server.
    printf 'GET / HTTP/1.0\r\n\r\n' | "$MVM" console 7 | grep -q Hello
    [ "$("$MVM" ask 6 '?Hello')" = '!bkign' ]
    run "$MVM" save both.mvm
    [ "$status" -ne 0 ]
    [[ "$output" == *"cannot be saved"* ]]
    "$MVM" stop
    [ -z "$(runs)" ]
}

@test "every option of ask, stop and ls refuses what it cannot take" {
    "$MVM" run --engine null --count 10 --name here --detach --quiet
    wrong="--timeout" refused "$MVM" ask --timeout never 0 x
    wrong="--timeout" refused "$MVM" ask --timeout 0 0 x
    wrong="number of a VM" refused "$MVM" ask x y
    wrong="number of a VM" refused "$MVM" ask -- -1 y
    wrong="the line" refused "$MVM" ask 0
    wrong="the line" refused "$MVM" ask
    wrong="line feed" refused "$MVM" ask 0 $'a\nb'
    wrong="at most 8192 bytes" refused "$MVM" ask 0 "$(printf 'x%.0s' $(seq 8193))"
    wrong="there is no VM 10" refused "$MVM" ask 10 x
    wrong="there is no VM 99" refused "$MVM" ask --challenge 5-99
    local range
    for range in 5-3 - 1- -1 a-b 1-2-3 5,6 ''; do
        wrong="names no VMs" refused "$MVM" ask --challenge -- "$range"
    done
    wrong="--challenge takes" refused "$MVM" ask --challenge 0 x
    wrong="no run 'other'" refused "$MVM" ask --run other 0 x
    wrong="no run 'other'" refused "$MVM" stop --run other
    wrong="no run 'other'" refused "$MVM" ls other
    wrong="name of a run" refused "$MVM" ask --run ../here 0 x
    wrong="exclude" refused "$MVM" stop --all --run here
    wrong="'here'" refused "$MVM" stop here
    wrong="no engine 'nope'" refused "$MVM" stop --engine nope --run here
    wrong="needs --run" refused "$MVM" stop --engine null
    wrong="needs --run" refused "$MVM" stop --engine null --all
    wrong="end with their run" refused "$MVM" stop --engine null --run here
    wrong="--binary" refused "$MVM" stop --engine null --run here --binary x
    wrong="--timeout" refused "$MVM" stop --timeout soon
    wrong="one run or none" refused "$MVM" ls here there
    wrong="there already" refused "$MVM" run --engine null --name here
    "$MVM" stop
}

@test "without a run, ask and stop say so, and ls lists nothing" {
    wrong="no run" refused "$MVM" ask 0 x
    wrong="no run" refused "$MVM" stop
    "$MVM" stop --all
    run -0 "$MVM" ls
    [[ "$output" == *"no runs"* ]]
    [ "$("$MVM" ls --json)" = "[]" ]
}

@test "a run is started, listed, asked, challenged and stopped" {
    local engine
    for engine in null vmm; do
        "$MVM" run --engine "$engine" --count 1000 --name one --detach --json >line
        jq -e --arg engine "$engine" '.run == "one" and .engine == $engine and .wanted == 1000 and .vms.running == 1000
               and .vms.failed == 0 and .stopped_by == null and .image == "sleep"' line
        [ "$(stat -c %a "$(dirname "$(jq -r .socket line)")")" = 700 ]
        [ "$(stat -c %a "$(jq -r .socket line)")" = 600 ]
        [ -S "$(jq -r .socket line)" ]
        "$MVM" ls --json | jq -e 'length == 1 and .[0].state == "running" and .[0].vms.running == 1000'
        run -0 "$MVM" ls one
        [[ "$output" == *"$engine"*"running                 1000"* ]]
        # The worked example of docs/guest-protocol.md.
        [ "$("$MVM" ask 999 '?Hello')" = '!bkign' ]
        [ "$("$MVM" ask 7 --challenge)" = alive ]
        [ "$("$MVM" ask --challenge 10-19)" = "10 of 10 VMs are alive" ]
        [ "$("$MVM" ask --challenge all)" = "1000 of 1000 VMs are alive" ]
        "$MVM" ask --challenge all --json | jq -e '.asked == 1000 and .alive == 1000 and .silent == []'
        run -0 "$MVM" stop
        [[ "$output" == *"run one has ended"* ]]
        [ -z "$(runs)" ]
    done
}

@test "bytes of a line go and come as they are" {
    "$MVM" run --engine vmm --detach --quiet >/dev/null
    # The nonce FFh is answered with 'i' (docs/guest-protocol.md).
    [ "$("$MVM" ask 0 $'?\xff')" = '!i' ]
    [ "$("$MVM" ask 0 '?')" = '!' ]
    "$MVM" stop
}

@test "a VM that does not answer is said not to, with status 1" {
    "$MVM" run --engine vmm --detach --quiet >/dev/null
    run -1 --separate-stderr "$MVM" ask 0 'no challenge' --timeout 200ms
    [[ "$stderr" == *"VM 0 did not answer in time"* ]]
    # And is as well as before.
    [ "$("$MVM" ask --challenge 0)" = alive ]
    "$MVM" stop
}

@test "several runs: names are needed, and made" {
    "$MVM" run --engine null --detach --quiet >/dev/null
    "$MVM" run --engine null --detach --quiet >/dev/null
    [ "$("$MVM" ls --json | jq -r '[.[].run] | join(" ")')" = "null-1 null-2" ]
    wrong="null-1, null-2" refused "$MVM" ask 0 x
    wrong="null-1, null-2" refused "$MVM" stop
    "$MVM" ask --run null-2 0 '?x'
    "$MVM" stop --run null-1
    "$MVM" ask 0 '?x'
    "$MVM" run --engine null --detach --quiet >/dev/null
    [ "$("$MVM" ls --json | jq -r '[.[].run] | join(" ")')" = "null-1 null-2" ]
    run -0 "$MVM" stop --all
    [ "${#lines[@]}" -eq 2 ]
    [ -z "$(runs)" ]
}

@test "in the foreground: Ctrl-C ends it in order, and stop does" {
    local how
    for how in INT TERM HUP stop; do
        "$MVM" run --engine null --count 5 --json >line 2>said &
        local mvm=$!
        wait_for_run null-1
        if [ "$how" = stop ]; then "$MVM" stop; else kill -s "$how" "$mvm"; fi
        wait "$mvm"
        [ "$(wc -l <line)" -eq 1 ]
        [ -z "$(runs)" ]
    done
}

@test "killed with -9: ls says that it died, stop removes what it left, and its name can be had again" {
    "$MVM" run --engine null --count 5 --name dead --detach --quiet >/dev/null
    kill -KILL "$("$MVM" ls --json | jq '.[0].pid')"
    "$MVM" ls --json | jq -e '.[0].state == "died" and .[0].engine == "null" and .[0].wanted == 5'
    run -0 "$MVM" ls
    [[ "$output" == *"died"* ]]
    wrong="dead died" refused "$MVM" ask 0 x
    run -1 --separate-stderr "$MVM" ask --run dead 0 x
    [[ "$stderr" == *"has died"* ]]
    run -0 "$MVM" stop
    [[ "$output" == *"dead had died"* ]]
    [ -z "$(runs)" ]
    "$MVM" run --engine null --name dead --detach --quiet >/dev/null
    kill -KILL "$("$MVM" ls --json | jq '.[0].pid')"
    "$MVM" run --engine null --name dead --detach --quiet >/dev/null
    "$MVM" ls --json | jq -e '.[0].state == "running"'
    "$MVM" stop --all
    [ -z "$(runs)" ]
}

@test "qemu: VMs are kept, answer, and are gone at the end, also when the run was killed" {
    need_qemu
    "$MVM" run --engine qemu --count 3 --detach --quiet >/dev/null
    [ "$("$MVM" ask --challenge all)" = "3 of 3 VMs are alive" ]
    "$MVM" ls --json | jq -e '.[0].memory_bytes > 5000000 and .[0].class == "A"'
    pkill -KILL -o -f "file=$XDG_RUNTIME_DIR"
    wait_until died
    run -1 "$MVM" ask --challenge all
    [[ "$output" == *"2 of 3 VMs are alive"*"signal 9"* ]]
    run -1 --separate-stderr "$MVM" ask 0 x
    [[ "$stderr" == *"VM 0 has ended (was killed by signal 9"* ]]
    "$MVM" ls --json | jq -e '.[0].vms.stopped == 1 and .[0].ends[0].vms == 1 and (.[0].ends[0].why | contains("signal 9"))'
    "$MVM" stop
    no_vm_left
    "$MVM" run --engine qemu --count 3 --detach --quiet >/dev/null
    kill -KILL "$("$MVM" ls --json | jq '.[0].pid')"
    no_vm_left
    "$MVM" stop --all
}

died() {
    "$MVM" ls --json | jq -e '.[0].vms.stopped == 1' >/dev/null
}

@test "growth that the guard ends is named; what runs is kept, unless --strict says otherwise" {
    need_qemu
    run -1 "$MVM" run --engine qemu --count 200 --memory-limit 60M --detach --json --quiet
    echo "$output"
    jq -e '.stopped_by == "memory" and .vms.running >= 1 and .vms.running < 200' <<<"$output"
    "$MVM" ask --challenge all
    run -0 "$MVM" ls qemu-1
    [[ "$output" == *"growth stopped"*"(memory)"* ]]
    "$MVM" stop
    run -1 "$MVM" run --engine qemu --count 200 --memory-limit 60M --detach --quiet --strict
    [ -z "$(runs)" ]
    no_vm_left
}

@test "the store of vmm fills up to what VMs need to grow: growth stops with memory, and all answer" {
    run -1 "$MVM" run --engine vmm --count 10000000 --store-limit 16M --detach --json --quiet
    echo "$output"
    jq -e '.stopped_by == "memory" and .vms.running > 200000 and .vms.failed == 0 and (.stop_reason | contains("16.0 MiB"))' <<<"$output"
    "$MVM" ask --challenge all --quiet
    "$MVM" stop
}

@test "VMs that hold data of their own: a small store takes what it holds, and none is lost" {
    nasm -f bin -I "$BATS_TEST_DIRNAME/../../guests/" -DBYTES=32768 -o dirty.img "$BATS_TEST_DIRNAME/../guest/dirty.asm"
    run -1 "$MVM" run --engine vmm --image dirty.img --count 1000 --store-limit 8M --detach --json --quiet
    echo "$output"
    jq -e '.stopped_by == "memory" and .vms.running > 100 and .vms.failed == 0 and .vms.stopped == 0' <<<"$output"
    "$MVM" ask --challenge all --quiet
    "$MVM" stop
}

@test "VMs that fail: their own words, status 1; nothing is kept when none came up" {
    need_qemu
    run -1 --separate-stderr "$MVM" run --engine qemu --machine nonesuch --count 2 --detach --quiet
    [[ "$output" == *"unsupported machine type"* ]]
    [ -z "$(runs)" ]
}

@test "while VMs are being started, ls and stop work and ask waits its turn" {
    need_qemu
    "$MVM" run --engine qemu --count 500 --quiet >/dev/null 2>said &
    local mvm=$!
    wait_until starting
    run -1 --separate-stderr "$MVM" ask 0 x
    [[ "$stderr" == *"being started"* ]]
    "$MVM" stop
    local status=0
    wait "$mvm" || status=$?
    [ "$status" -eq 1 ]
    [[ "$(cat said)" == *"interrupted"* ]]
    [ -z "$(runs)" ]
    no_vm_left
}

starting() {
    "$MVM" ls --json | jq -e '.[0].state == "starting" and .[0].vms.started > 0' >/dev/null
}

@test "a boot sector of somebody else's is kept too, and is not challenged" {
    nasm -f bin -o foreign.img "$BATS_TEST_DIRNAME/../guest/foreign.asm"
    "$MVM" run --engine vmm --image foreign.img --count 3 --detach --quiet >/dev/null
    wrong="answers no challenges" refused "$MVM" ask --challenge all
    "$MVM" stop
}

@test "an idle population sleeps: no switches, no CPU" {
    "$MVM" run --engine vmm --count 100000 --detach --quiet >/dev/null
    local pid before after
    pid=$("$MVM" ls --json | jq '.[0].pid')
    sleep 1
    before=$(cat /proc/"$pid"/task/*/status | awk '/^voluntary_ctxt/ {n += $2} END {print n}')
    sleep 5
    after=$(cat /proc/"$pid"/task/*/status | awk '/^voluntary_ctxt/ {n += $2} END {print n}')
    echo "$before to $after"
    [ $((after - before)) -lt 10 ]
    "$MVM" stop
}

@test "a directory that is not private is not used" {
    mkdir -m 755 "$XDG_RUNTIME_DIR/mvm"
    run -1 --separate-stderr "$MVM" run --engine null --detach
    [[ "$stderr" == *"not a private directory"* ]]
    run -1 --separate-stderr "$MVM" ls
    [[ "$stderr" == *"not a private directory"* ]]
    rmdir "$XDG_RUNTIME_DIR/mvm"
    ln -s /tmp "$XDG_RUNTIME_DIR/mvm"
    run -1 --separate-stderr "$MVM" run --engine null --detach
    rm "$XDG_RUNTIME_DIR/mvm"
}

@test "the control socket: hostile and slow clients" {
    "$MVM" run --engine vmm --count 50 --name door --detach --quiet >/dev/null
    python3 "$BATS_TEST_DIRNAME/door.py" "$XDG_RUNTIME_DIR/mvm/door/control"
    [ "$("$MVM" ask --challenge all)" = "50 of 50 VMs are alive" ]
    "$MVM" stop
}

@test "help names the options of the engine" {
    run -0 "$MVM" run --engine qemu --help
    [[ "$output" == *"--accelerator"*  && "$output" == *"--count"* && "$output" == *"--route"* ]]
    run -0 "$MVM" ask --help
    run -0 "$MVM" ls --help
    run -0 "$MVM" stop --help
    run -0 "$MVM" stop --engine qemu --help
    [[ "$output" == *"--run"* && "$output" == *"Options of the engine qemu"*"--accelerator"* ]]
}
