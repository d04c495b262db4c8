#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# A build without the engines that may be left out: what it has of them is a sentence.
bats_require_minimum_version 1.5.0
load common

setup() {
    export TMPDIR="$BATS_TEST_TMPDIR" XDG_RUNTIME_DIR="$BATS_TEST_TMPDIR/runtime"
    mkdir -m 700 "$XDG_RUNTIME_DIR"
    cd "$BATS_TEST_TMPDIR" || return 1
    MVM=${MVM_WITHOUT:?the program without them, as meson builds it}
}

@test "an engine that was left out says so, whatever is asked of it, and names what it takes" {
    local engine part
    for engine in libvirt:libvirt-dev openstack:libwebsockets-dev; do
        part=${engine#*:} engine=${engine%:*}
        wrong="built without " refused "$MVM" scale --engine "$engine" --out x
        [[ "$stderr" == *"$part"*"-D$engine=enabled"* ]] || { echo "$stderr"; return 1; }
        [ ! -e x ]
        wrong="built without " refused "$MVM" run --engine "$engine"
        wrong="built without " refused "$MVM" load --engine "$engine" --rate 1
        wrong="built without " refused "$MVM" stop --engine "$engine" --run a
        wrong="built without " refused "$MVM" host check --engine "$engine"
        wrong="built without " refused "$MVM" limits --engine "$engine" --max 1
        # With an option that it has elsewhere.
        wrong="'--parallel' is not an option here; this mvm was built without " refused "$MVM" scale --engine "$engine" --parallel 2
        wrong="'--parallel' is not an option here, or takes no value; this mvm was built without " refused "$MVM" run --engine "$engine" --parallel=2
        for part in scale run load stop "host check" "host tune"; do
            # shellcheck disable=SC2086
            "$MVM" $part --engine "$engine" --help >help
            grep -q "none: this mvm was built without .*-D$engine=enabled" help || { cat help; return 1; }
        done
    done
}

@test "the version does not list it; the list of engines says that it is not there" {
    "$MVM" --version | grep "^engines: null, vmm, qemu, exec$"
    [ "$("$MVM" --version --json | jq -c .engines)" = '["null","vmm","qemu","exec"]' ]
    [ "$("$MVM" scale --help | grep -c "not in this build")" -eq 2 ]
}
