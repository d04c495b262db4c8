#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# mvm image: building, listing and looking at boot sectors.

load common

@test "list names every guest, as a table and as JSON" {
    run "$MVM" image list
    [ "$status" -eq 0 ]
    local guest
    for guest in sleep tick web load disk; do
        [[ "$output" == *"$guest"* ]]
    done
    "$MVM" image list --json | jq -e 'tostring | contains("sleep") and contains("disk")'
}

@test "every guest builds to a signed sector of 512 bytes that show recognizes" {
    local guest
    for guest in sleep tick web load disk; do
        "$MVM" image build --guest "$guest" --out "$guest.img"
        [ "$(stat -c %s "$guest.img")" -eq 512 ]
        [ "$(tail -c 2 "$guest.img" | od -An -tx1 | tr -d ' ')" = 55aa ]
        "$MVM" image show "$guest.img" --json >shown
        jq -e --arg guest "$guest" --arg hash "$(sha256sum <"$guest.img" | cut -d' ' -f1)" \
            '.guest == $guest and .sha256 == $hash and .size == 512' shown
    done
}

@test "settings are laid in, and show tells them" {
    "$MVM" image build --guest web --route /=Hello --route /about=512 --out web.img
    run "$MVM" image show web.img
    echo "$output"
    [[ "$output" == *"/=Hello"* && "$output" == *"/about=512"* ]]
    "$MVM" image build --guest load --profile 0.5s@100,9.5s@0 --out load.img
    run "$MVM" image show load.img
    [[ "$output" == *"0.5s@100,9.5s@0"* ]]
}

@test "routes that do not fit are refused with the bytes that are missing" {
    local long
    long=$(printf 'x%.0s' $(seq 200))
    wrong="missing" refused "$MVM" image build --guest web --route "/=$long" --out web.img
    [ ! -e web.img ]
}

@test "bad settings are refused" {
    wrong="--route" refused "$MVM" image build --guest web --route nopath --out x.img
    wrong="--work" refused "$MVM" image build --guest web --work soon --out x.img
    wrong="--profile" refused "$MVM" image build --guest load --profile 101 --out x.img
    wrong="--profile" refused "$MVM" image build --guest load --profile 0.03s@50,1s@0 --out x.img
    wrong="--rate" refused "$MVM" image build --guest disk --rate often --out x.img
    wrong="nap" refused "$MVM" image build --guest nap --out x.img
    wrong="sleep" refused "$MVM" image build --guest sleep --rate 5 --out x.img
    wrong="--out" refused "$MVM" image build --guest sleep
    wrong="polish" refused "$MVM" image polish
    [ ! -e x.img ]
}

@test "a file that is no boot sector is refused with the reason, and shown with --force" {
    head -c 100 /dev/zero >short.img
    head -c 512 /dev/zero >blank.img
    wrong="100" refused "$MVM" image show short.img
    wrong="signature" refused "$MVM" image show blank.img
    wrong="absent.img" refused "$MVM" image show absent.img
    run "$MVM" image show --force blank.img
    [ "$status" -eq 0 ]
}

@test "a boot sector of somebody else's is shown as such, with its instructions" {
    command -v ndisasm >/dev/null || skip "ndisasm is not installed"
    nasm -f bin -o foreign.img "$BATS_TEST_DIRNAME/../guest/foreign.asm"
    run "$MVM" image show foreign.img --disassemble
    echo "$output"
    [ "$status" -eq 0 ]
    [[ "$output" == *"hlt"* && "$output" == *"int 0x10"* ]]
    "$MVM" image show foreign.img --json | jq -e '.guest == null'
}
