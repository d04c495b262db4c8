#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# mvm trace: what a VM executes.

bats_require_minimum_version 1.5.0
load common
load runs

@test "a trace shows interrupts, instructions and ports, for as many lines as were wanted" {
    "$MVM" run --engine vmm --count 5 --name here --detach --quiet
    "$MVM" trace --run here 3 --count 40 >trace.txt &
    local trace=$!
    asks() { "$MVM" ask --challenge 3 --quiet >/dev/null; ! kill -0 "$trace" 2>/dev/null; }
    wait_until asks
    wait "$trace"
    cat trace.txt
    [ "$(wc -l <trace.txt)" -eq 40 ]
    [ "$(head -1 trace.txt)" = "           interrupt 0C" ]
    grep -qx '0000:[0-9A-F]\{4\}  EC                     in al, dx' trace.txt
    grep -qx '           in  03F8 -> 3F' trace.txt     # the question mark
    "$MVM" ask --challenge all --quiet                  # it goes on without a trace
}

@test "a trace ends when its time is over, when it is interrupted, and when the VM stops" {
    "$MVM" run --engine vmm --guest tick --count 2 --name here --detach --quiet
    run -0 "$MVM" trace 0 --for 0.5s
    [[ "$output" == *"interrupt 08"* ]]
    # Ctrl-C: bash lets programs in the background ignore SIGINT, so TERM stands for it.
    "$MVM" trace 1 >trace.txt &
    local trace=$!
    goes_on() { [ -s trace.txt ]; }
    wait_until goes_on
    kill -TERM "$trace"
    wait "$trace"
    run -0 "$MVM" trace 0 --count 1    # nothing holds it any more
    "$MVM" stop --quiet

    # Waits for its first tick and then executes what does not exist: the firmware stops it.
    printf '\xfa\xfb\xf4\x0f\xff\xeb\xfe' >wrong.img
    truncate -s 510 wrong.img
    printf '\x55\xaa' >>wrong.img
    "$MVM" run --engine vmm --image wrong.img --count 1 --name wrong --detach --quiet || true
    run --separate-stderr "$MVM" trace 0
    [[ "$stderr" == *"exception 6"* ]]
}

@test "a guest that runs faster than its trace is read leaves lines out, and says so" {
    # A loop without end.
    printf '\xeb\xfe' >loop.img
    truncate -s 510 loop.img
    printf '\x55\xaa' >>loop.img
    "$MVM" run --engine vmm --image loop.img --count 1 --name here --detach --quiet
    "$MVM" trace 0 >trace.txt &
    local trace=$!
    wait_until grep -q jmp trace.txt
    # Faster than one who does not read for a while, in any case.
    kill -STOP "$trace"
    sleep 2
    kill -CONT "$trace"
    wait_until grep -q '[0-9] lines were left out' trace.txt
    kill -TERM "$trace"
    wait "$trace"
    [ "$(grep -c jmp trace.txt)" -gt 1000 ]
    # A client that does not read at all holds nobody up.
    "$MVM" trace 0 | (sleep 2; cat >/dev/null) &
    trace=$!
    sleep 1
    run -0 "$MVM" ls here --json
    "$MVM" stop --quiet
    wait "$trace" || true
}

@test "trace refuses what it cannot take" {
    wrong="no run lives" refused "$MVM" trace 0
    "$MVM" run --engine null --count 3 --name nothing --detach --quiet
    wrong="engine null" refused "$MVM" trace --run nothing 0
    "$MVM" run --engine vmm --count 3 --name here --detach --quiet
    wrong="one VM" refused "$MVM" trace --run here
    wrong="one VM" refused "$MVM" trace --run here 1 2
    wrong="number of a VM" refused "$MVM" trace --run here x
    wrong="no VM 3" refused "$MVM" trace --run here 3
    wrong="--count" refused "$MVM" trace --run here --count x 1
    wrong="--for" refused "$MVM" trace --run here --for ever 1
    local trace=
    # Whichever of the two comes first, the other one is refused.
    busy() {
        [ -n "$trace" ] && kill -0 "$trace" 2>/dev/null || { "$MVM" trace --run here 1 >/dev/null 2>&1 & trace=$!; }
        run "$MVM" trace --run here 2 --for 0.1s
        [ "$status" -eq 1 ] && [[ "$output" == *"being traced"* ]]
    }
    wait_until busy
    kill -TERM "$trace"
    wait "$trace"
}
