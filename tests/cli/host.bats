#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# mvm host: findings about this host, whatever it is. What they are is tested on canned hosts and in the laboratory.

load common

@test "check says whether KVM is usable, as text and as JSON" {
    run --separate-stderr "$MVM" host check
    echo "$output$stderr"
    [ "$status" -eq 0 ]
    "$MVM" host check --json >found
    jq -e '.findings | length >= 2 and all(.name and .value and .meaning and (.verdict | IN("good", "better", "bad")))' found
    jq -e '.kvm.usable == (.kvm.why_not == null) and .kvm.usable == (.findings[0].verdict == "good")' found
    if jq -e .kvm.usable found; then
        [ "${lines[0]}" = "KVM is usable" ]
        [ -w /dev/kvm ]
    else
        [ "${lines[0]}" = "KVM is not usable" ]
    fi
}

@test "bad input is refused" {
    wrong="polish" refused "$MVM" host polish
    wrong="now" refused "$MVM" host check now
    wrong="--what" refused "$MVM" host check --what
}
