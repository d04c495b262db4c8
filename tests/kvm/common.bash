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

# Where no laboratory can be had, every test is skipped with the reason, as matrix.py is. (bats 1.8 cannot skip in setup_file.)
setup_file() {
    local said
    export NO_LAB=
    if ! command -v qemu-system-x86_64 >/dev/null; then
        NO_LAB="qemu-system-x86_64 is not installed"
    elif ! command -v busybox >/dev/null; then
        NO_LAB="busybox is not installed"
    elif ! said=$("$MVM" lab --fetch 2>&1); then
        NO_LAB="no kernel for the laboratory: ${said##*$'\n'}"
    fi
}

# What comes before each test. A file with a setup() of its own begins it with this.
begin_test() {
    # QEMU, which is the laboratory's processor, errs with a guest now and then (docs/lab.md): once more.
    BATS_TEST_RETRIES=1
    [ -z "$NO_LAB" ] || skip "$NO_LAB"
    export TMPDIR="$BATS_TEST_TMPDIR"
    cd "$BATS_TEST_TMPDIR" || return 1
}

setup() {
    begin_test
}

# in_lab [OPTIONS] -- COMMAND...: a laboratory of moderate size; options given later win.
LAB=("$MVM" lab --memory 2G --timeout 180s)
in_lab() {
    "${LAB[@]}" "$@"
}
