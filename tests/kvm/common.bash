# SPDX-License-Identifier: GPL-3.0-or-later
# For the tests that run in the laboratory (`make check-kvm`).
#
# A test here is a bats file, named in tests/meson.build, that runs on the host and starts laboratories as it needs them:
#
#     load common
#     @test "what it shows" {
#         run --separate-stderr in_lab -- mvm ...
#         [ "$status" -eq 0 ]
#     }
#
# A laboratory takes some seconds to start, so that a file should start few, and do much in each. All files
# together should take less than five minutes on two cores.

bats_require_minimum_version 1.5.0

MVM=${MVM:-$BATS_TEST_DIRNAME/../../build/mvm}

# Skips everything in this file, with the reason, where no laboratory can be had.
setup_file() {
    local said
    command -v qemu-system-x86_64 >/dev/null || skip "qemu-system-x86_64 is not installed"
    command -v busybox >/dev/null || skip "busybox is not installed"
    said=$("$MVM" lab --fetch 2>&1) || skip "no kernel for the laboratory: ${said##*$'\n'}"
}

setup() {
    export TMPDIR="$BATS_TEST_TMPDIR"
    cd "$BATS_TEST_TMPDIR" || return 1
}

# in_lab [OPTIONS] -- COMMAND...: a laboratory of moderate size; options given later win.
LAB=("$MVM" lab --memory 2G --cpus 2 --timeout 120s)
in_lab() {
    "${LAB[@]}" "$@"
}
