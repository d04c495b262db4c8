#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# mvm console: serial port and screen of a VM, through pipes and on a terminal.

bats_require_minimum_version 1.5.0
load common
load runs

@test "options and operands that console refuses" {
    "$MVM" run --engine vmm --count 2 --detach --quiet >/dev/null
    wrong="number of one VM" refused "$MVM" console
    wrong="number of one VM" refused "$MVM" console 0 1
    wrong="number of a VM" refused "$MVM" console x
    wrong="no VM 2" refused "$MVM" console 2
    wrong="no run 'other'" refused "$MVM" console --run other 0
    wrong="--settle" refused "$MVM" console 0 --settle 0
    local key
    for key in '' foo ^5 ^^^; do
        wrong="--detach-key" refused "$MVM" console 0 "--detach-key=$key"
    done
    "$MVM" run --engine null --name pretends --detach --quiet >/dev/null
    wrong="no console" refused "$MVM" console --run pretends 0
    run -0 "$MVM" console --help
}

@test "pipes: what is sent is answered, and the end of input ends it" {
    local engine
    for engine in vmm qemu; do
        if [ "$engine" = qemu ]; then need_qemu; fi
        "$MVM" run --engine "$engine" --count 2 --detach --quiet >/dev/null
        printf '?Hello\n\n?\xff\n' | "$MVM" console 1 >said
        printf '!bkign\n!i\n' | cmp - said
        # The VM is well afterwards, and so is the other one.
        "$MVM" ask --challenge all
        "$MVM" stop
    done
}

@test "half a megabyte through a console comes back whole" {
    "$MVM" run --engine vmm --detach --quiet >/dev/null
    head -c 500000 /dev/urandom | tr -d '\r\n' | sed 's/^/?/' >asked
    { cat asked; echo; } | timeout 60 "$MVM" console 0 --settle 2s >said
    # A letter for each byte, '!' for '?', a line feed for the line feed.
    [ "$(wc -c <said)" -eq $(($(wc -c <asked) + 1)) ]
    "$MVM" stop
}

@test "one console a VM, and no ask beside it" {
    "$MVM" run --engine vmm --count 2 --detach --quiet >/dev/null
    mkfifo hold
    exec 9<>hold
    "$MVM" console 0 <hold >/dev/null 9>&- &
    local console=$!
    wait_until busy
    run -1 --separate-stderr "$MVM" console 0
    [[ "$stderr" == *"busy"* ]]
    [ "$("$MVM" ask 1 --challenge)" = alive ]
    kill "$console"
    wait "$console" || true
    wait_until alive
    "$MVM" stop
}

busy() {
    ! "$MVM" ask 0 --challenge 2>/dev/null | grep -q '^alive'
}

alive() {
    "$MVM" ask 0 --challenge
}

@test "a VM that says more than is read waits, and nothing of it is lost" {
    local engine options
    nasm -f bin -o counter.img "$BATS_TEST_DIRNAME/counter.asm"
    for engine in vmm qemu; do
        options=
        if [ "$engine" = qemu ]; then need_qemu; else options="--output-limit 1G"; fi
        "$MVM" run --engine "$engine" --image counter.img $options --detach --quiet >/dev/null
        local try
        for try in 1 2; do
            "$MVM" console 0 --settle 10s </dev/null 2>/dev/null | { sleep 1; "$MVM" ls >listed; head -c 600000; } >said
            python3 - <<'CHECK'
said = open("said", "rb").read()
assert len(said) == 600000, len(said)
assert all(said[i] == (said[0] + i) % 256 for i in range(len(said)))
CHECK
        done
        grep -q "$engine" listed
        "$MVM" stop
    done
}

@test "--screen: keys go in, the text page comes out" {
    nasm -f bin -I "$BATS_TEST_DIRNAME/../screen/" -o typist.img "$BATS_TEST_DIRNAME/../screen/typist.asm"
    "$MVM" run --engine vmm --image typist.img --detach --quiet >/dev/null
    printf 'Hello, World 1+1\n' | "$MVM" console 0 --screen >shown
    cat shown
    [ "$(wc -l <shown)" -eq 25 ]
    grep -qx '> Hello, World 1+1' shown
    grep -qx '1+1 dlroW ,olleH' shown
    "$MVM" stop
    need_qemu
    "$MVM" run --engine qemu --detach --quiet >/dev/null
    wrong="no screen" refused "$MVM" console 0 --screen
}

@test "the run's end and the VM's end are told" {
    "$MVM" run --engine vmm --detach --quiet >/dev/null
    mkfifo hold
    exec 9<>hold
    "$MVM" console 0 <hold 2>said >/dev/null 9>&- &
    local console=$!
    wait_until busy
    "$MVM" stop
    local status=0
    wait "$console" || status=$?
    [ "$status" -eq 1 ]
    [[ "$(cat said)" == *"has ended"* ]]
}

@test "on a terminal: raw mode, the detach key, and the terminal as it was, whatever ends it" {
    nasm -f bin -I "$BATS_TEST_DIRNAME/../screen/" -o typist.img "$BATS_TEST_DIRNAME/../screen/typist.asm"
    "$MVM" run --engine vmm --name typist --image typist.img --detach --quiet >/dev/null
    "$MVM" run --engine vmm --name sleep --detach --quiet >/dev/null
    python3 "$BATS_TEST_DIRNAME/terminal.py" "$MVM"
}
