#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The two builds of `make qemu-lean` as engines. CONFIGURED and PATCHED in the environment are their paths.

bats_require_minimum_version 1.5.0
load ../cli/common
load ../cli/runs

keep() {
    run --separate-stderr "$MVM" run --engine qemu --quiet --detach --name here "$@"
    echo "$output$stderr"
    [ "$status" -eq 0 ]
}

alive() {
    [ "$("$MVM" ask --run here --challenge all)" = "$1 of $1 VMs are alive" ]
}

# memory COUNT OPTIONS...: what a VM's process takes (Pss), in kB. What the kernel has for it comes to that.
memory() {
    "$MVM" run --engine qemu --quiet --detach --name here --count "$@" >/dev/null
    sleep 2
    "$MVM" ask --run here --challenge all >/dev/null
    "$MVM" ls here --json | jq '.memory_bytes / .vms.running / 1000 | round'
    "$MVM" stop --run here >/dev/null
}

@test "both builds boot the image from a floppy by SeaBIOS and from mvm's own ROM, on isapc and pc" {
    local binary machine firmware
    for binary in "$CONFIGURED" "$PATCHED"; do
        for machine in isapc pc; do
            for firmware in "" "--firmware minimal"; do
                echo "$binary $machine $firmware"
                keep --binary "$binary" --machine $machine $firmware --count 4
                alive 4
                "$MVM" stop --run here
            done
        done
    done
    nothing_left
}

@test "all guests run on the patched build, also for long" {
    local guest
    for guest in sleep tick web load disk; do
        keep --binary "$PATCHED" --guest $guest --count 3
        sleep 2
        alive 3
        "$MVM" stop --run here
    done
    nothing_left
}

@test "a VM that resets itself starts again, from a BIOS as its file has it" {
    # Boots, says what all guests say, and resets the machine when a byte arrives.
    nasm -f bin -I "$BATS_TEST_DIRNAME/../../guests/" -o again.img "$BATS_TEST_DIRNAME/again.asm"
    local firmware
    for firmware in "" "--firmware minimal"; do
        keep --binary "$PATCHED" --image again.img $firmware --count 1
        [ "$("$MVM" ask --run here 0 again)" = "mvm1 sleep" ]
        [ "$("$MVM" ask --run here 0 again)" = "mvm1 sleep" ]
        "$MVM" stop --run here
    done
}

@test "the patched build still knows every CPU model and machine" {
    diff <("$CONFIGURED" -cpu help) <("$PATCHED" -cpu help)
    diff <("$CONFIGURED" -machine help) <("$PATCHED" -machine help)
    # Models of CPUs are listed as devices only once they are asked for.
    diff <("$CONFIGURED" -device help | grep -v -- -cpu) <("$PATCHED" -device help | grep -v -- -cpu)
    local model
    for model in pentium Skylake-Client-v2 EPYC-IBPB max; do
        keep --binary "$PATCHED" --machine pc --cpu $model --count 2
        alive 2
        "$MVM" stop --run here
    done
    run ! "$MVM" scale --engine qemu --binary "$PATCHED" --cpu nonesuch --max 1 --out bad --quiet
    [[ "$output" == *"unable to find CPU model 'nonesuch'"* ]]
}

@test "an IDE disk has its controller on the patched build" {
    head -c 1M /dev/zero >disk.raw
    for binary in "$CONFIGURED" "$PATCHED"; do
        printf 'info qtree\nquit\n' | "$binary" -machine isapc -nodefaults -display none -serial null -monitor stdio -S \
            -drive if=ide,format=raw,file=disk.raw | grep -c 'dev: isa-ide'
    done >controllers
    [ "$(tr '\n' ' ' <controllers)" = "2 1 " ]
}

@test "the fork server: 200 VMs of their own, each ended and told alone" {
    keep --binary "$PATCHED" --firmware minimal --fork-server --count 200
    alive 200
    local mvm vm
    mvm=$("$MVM" ls here --json | jq .pid)
    vm=$(pgrep -P "$mvm" "^qemu-system" | tail -n 1)
    kill -SEGV "$vm"
    ended() { "$MVM" ls here --json | jq -e '.vms.running == 199 and .vms.stopped == 1' >/dev/null; }
    wait_until ended
    kill -KILL "$mvm"
    nothing_left
}

@test "the fork server with SeaBIOS and a floppy, and with ticking guests" {
    keep --binary "$PATCHED" --fork-server --guest tick --count 20
    alive 20
    "$MVM" stop --run here
    nothing_left
}

@test "memory of a VM's process is what docs/engines.md says, at most" {
    [ "$(memory 30 --binary "$CONFIGURED")" -lt 5700 ]
    [ "$(memory 30 --binary "$PATCHED")" -lt 3200 ]
    [ "$(memory 60 --binary "$PATCHED" --firmware minimal)" -lt 1400 ]
    [ "$(memory 200 --binary "$PATCHED" --firmware minimal --fork-server)" -lt 450 ]
}
