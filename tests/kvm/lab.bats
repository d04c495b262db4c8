#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The laboratory itself: what goes in, what comes out, and how it ends.

load common

# Nothing of this test's laboratories is left: no QEMU (each has this folder's descriptors), no file in $TMPDIR.
nothing_left() {
    local pid left=
    for pid in $(pgrep -f 'qemu.*-name mvm-lab'); do
        [ "$(readlink "/proc/$pid/cwd" 2>/dev/null)" != "$BATS_TEST_TMPDIR" ] || left="$left $pid"
    done
    [ -z "$left" ] || { echo "QEMU is left: $left"; return 1; }
    ! compgen -G "$TMPDIR/mvm*" || return 1
}

@test "a host with KVM, large limits and what a Linux mounts; status, output and errors come back apart" {
    run --separate-stderr in_lab -- sh -c '
        test -c /dev/kvm || echo "no /dev/kvm"
        test "$(ulimit -n)" -ge 1000000 || echo "few files"
        test "$(cat /proc/sys/kernel/pid_max)" -ge 4000000 || echo "few processes"
        test -d /sys/kernel/debug/kvm || echo "no debugfs"
        test -e /sys/fs/cgroup/cgroup.controllers || echo "no cgroup2"
        mount | grep -q " /dev/shm " || echo "no /dev/shm"
        touch /tmp/x || echo "no /tmp"
        ping -c 1 -W 2 127.0.0.1 >/dev/null || echo "no loopback"
        pwd
        echo to standard error >&2
        exit 7'
    echo "$output / $stderr"
    [ "$status" -eq 7 ]
    [ "$output" = "$BATS_TEST_TMPDIR" ]
    [ "$stderr" = "to standard error" ]
    nothing_left
}

@test "bytes go through unchanged both ways, and files come back with their folders, links and modes" {
    head -c 3000000 /dev/urandom >sent
    # shellcheck disable=SC2016
    in_lab --stdin -- sh -c '
        mkdir -p kept/below empty
        tee kept/below/copy
        ln -s below/copy kept/link
        echo "#!/bin/sh" >kept/program; chmod 750 kept/program
        touch "$(printf "kept/%0150d" 1)"' <sent >got
    cmp sent got
    cmp sent kept/below/copy
    [ "$(readlink kept/link)" = below/copy ]
    [ "$(stat -c %a kept/program)" = 750 ]
    [ -e "$(printf "kept/%0150d" 1)" ]
    [ -d empty ]
    # What was only taken along does not come back; what was changed does.
    local file
    for file in along changed; do
        echo old >"$file"
        ln "$file" "$file.before"
    done
    in_lab --with along --with changed -- sh -c 'cat along; echo new >changed' >seen
    [ "$(cat seen)" = old ]
    [ along -ef along.before ]
    [ "$(cat changed changed.before)" = "new"$'\n'"old" ]
    nothing_left
}

@test "--out brings back one folder, and only that; a signal that ends the command is its status" {
    run --separate-stderr in_lab --out results -- sh -c 'echo a >results/a; echo b >b; kill -SEGV $$'
    [ "$status" -eq 139 ]
    [ "$(cat results/a)" = a ]
    [ ! -e b ]
}

@test "a timeout ends the command, and what it left is kept" {
    run --separate-stderr in_lab --timeout 3s -- sh -c 'echo begun >file; echo said; sleep 1000'
    echo "$output / $stderr"
    [ "$status" -eq 124 ]
    [ "$output" = said ]
    [[ "$stderr" == *"time has passed"* ]]
    [ "$(cat file)" = begun ]
    nothing_left
}

# Starts a laboratory in the background, as $lab, and waits until its command says that it is ready.
start_lab() {
    "${LAB[@]}" "$@" >out &
    lab=$!
    local deadline=$((SECONDS + 100))
    until grep -q ready out; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.1
    done
}

@test "Ctrl-C is the command's, which may end in order; nothing is left" {
    local status=0
    start_lab -- sh -c 'trap "echo ended in order >file; exit 5" INT; echo ready; while :; do sleep 0.1; done'
    # The shell makes background jobs ignore SIGINT; mvm takes it all the same.
    kill -INT "$lab"
    wait "$lab" || status=$?
    [ "$status" -eq 5 ]
    [ "$(cat file)" = "ended in order" ]
    nothing_left
}

@test "a killed mvm takes its laboratory along" {
    start_lab -- sh -c 'echo ready; sleep 1000'
    run ! nothing_left
    kill -KILL "$lab"
    sleep 1
    nothing_left
}

@test "want of memory and a panic in the laboratory are told in a sentence" {
    run --separate-stderr in_lab --memory 256M -- sh -c 'tail /dev/zero'
    echo "$status $stderr"
    [ "$status" -eq 137 ]
    [[ "$stderr" == *"ran out of memory"*"--memory"* ]]
    run --separate-stderr in_lab -- sh -c 'echo before; echo c >/proc/sysrq-trigger; sleep 100'
    echo "$status $stderr"
    [ "$status" -eq 125 ]
    [ "$output" = before ]
    [ "${#stderr_lines[@]}" -eq 1 ]
    [[ "$stderr" == *"panicked: sysrq triggered crash"* ]]
    nothing_left
}

@test "a reader that has had enough ends the laboratory, in silence" {
    { in_lab -- sh -c 'while :; do echo y; done' 2>errors || echo $? >status; } | head -n 1 >first
    [ "$(cat first)" = y ]
    [ "$(cat status)" -eq 141 ]
    [ ! -s errors ]
    nothing_left
}

@test "--append reaches the kernel and its modules; mvm host check sees KVM, the emulation and the settings" {
    in_lab --append 'kvm.halt_poll_ns=0 kvm_amd.npt=0 debugfs=off' -- mvm host check --json >found
    jq -e '.kvm.usable and .kvm.module == "kvm_amd"' found
    jq -e '.findings | any(.name == "runs on" and (.value | contains("emulated")))' found
    jq -e '.findings | any(.name == "kvm.halt_poll_ns" and .value == "0" and .verdict == "good")' found
    jq -e '.findings | any(.name == "kvm_amd.npt" and .verdict == "bad")' found
    jq -e '.findings | any(.name == "debugfs" and .value == "off" and .verdict == "good")' found
}

@test "QEMU goes along when the command names it, and runs a guest on KVM; the result is marked" {
    run --separate-stderr in_lab -- mvm scale --engine qemu --accelerator kvm --max 2 --samples 2 \
        --sample-time 100ms --settle 2s --quiet --out run
    echo "$output / $stderr"
    [ "$status" -eq 0 ]
    [[ "$output" == *"2 of 2 answered"*"not those of hardware"* ]]
    jq -e '.host.emulated and .population.alive == 2' run/result.json
    grep -q 'not those of hardware' run/resources.svg
    run "$MVM" report run
    [[ "$output" == *"emulated host"* ]]
}

@test "another kernel of those that apt has" {
    local newest default
    default=$("$MVM" lab --fetch)
    newest=$("$MVM" lab --kernel newest --fetch 2>&1) || skip "it cannot be had: $newest"
    newest=${newest##*$'\n'}
    [ "$newest" != "$default" ] || skip "apt has only $default"
    run --separate-stderr in_lab --kernel newest -- sh -c 'uname -r; test -c /dev/kvm'
    [ "$status" -eq 0 ]
    [ "$output" = "$newest" ]
}

@test "what mvm host check promises of nx_huge_pages holds: without it no VM has a thread of its own" {
    run --separate-stderr in_lab --with qemu-system-i386 -- sh -c '
        threads() {
            qemu-system-i386 -accel kvm -m 1 -nodefaults -display none -daemonize
            sleep 1
            cat /proc/[0-9]*/task/*/comm | grep -c kvm-nx
            killall qemu-system-i386
            sleep 1
        }
        threads
        eval "$(mvm host check | grep "echo never")"
        threads'
    echo "$output / ${stderr:0:300}"
    [ "${lines[0]}" -ge 1 ]
    [ "${lines[1]}" -eq 0 ]
}

@test "mvm host tune sets what KVM does for VMs, leaves what could not be undone, and undoes the rest" {
    run --separate-stderr in_lab -- sh -c '
        parameters=/sys/module/kvm/parameters
        now() { cat $parameters/halt_poll_ns $parameters/nx_huge_pages | paste -s -d " "; }
        now
        mvm host tune --vms 10 --engine vmm --cpu kvm --resident --undo-file undo | grep -E "halt_poll_ns|nx_huge_pages: "
        now
        mvm host tune --undo --undo-file undo
        echo $?
        now'
    echo "$output / ${stderr:0:300}"
    [ "${lines[0]}" = "200000 N" ]
    [[ "${lines[1]}" == "echo 0 >/sys/module/kvm/parameters/halt_poll_ns    # was 200000: "* ]]
    [[ "${lines[2]}" == *"kvm.nx_huge_pages: "* ]]
    [ "${lines[3]}" = "0 N" ]
    [[ "${lines[4]}" == "echo 200000 >/sys/module/kvm/parameters/halt_poll_ns    # was 0" ]]
    [ "${lines[5]}" = 0 ]
    [ "${lines[6]}" = "200000 N" ]
}

@test "a row of mvm limits runs on another kernel, is marked, and what a kernel refuses is its reason" {
    local row=(--engine vmm --max 100 --rate max --exhausted 100 --samples 2 --sample-time 100ms --settle 1s --quiet)
    "$MVM" limits "${row[@]}" --kernel default --lab-memory 1G --vary zram=64M,none --out run --json >out || { cat out; return 1; }
    jq -e '.rows[0] | .state == "done" and .emulated and .vms == 100 and .alive == 100 and .swap_percent >= 0' out
    jq -e '.rows[1] | .state == "cannot run" and (.reason | test("in the laboratory: .*zram"))' out
    jq -e '.host.emulated and (.host.swap_bytes > 60000000)' run/01-zram-64m/result.json
    nothing_left
}
