# SPDX-License-Identifier: GPL-3.0-or-later
# The engine openstack against a cloud in one process that misbehaves when it is told to (tests/openstack/fake.py): for the bats
# files about it.
# shellcheck shell=bash

setup() {
    export TMPDIR="$BATS_TEST_TMPDIR" XDG_RUNTIME_DIR="$BATS_TEST_TMPDIR/runtime" HOME="$BATS_TEST_TMPDIR"
    unset "${!OS_@}"
    export OS_CLIENT_CONFIG_FILE="$BATS_TEST_TMPDIR/clouds.yaml"
    mkdir -p -m 700 "$XDG_RUNTIME_DIR"
    cd "$BATS_TEST_TMPDIR" || return 1
    ln -s "$BATS_FILE_TMPDIR"/{clouds.yaml,state.json,requests.log} .
}

teardown() {
    "$MVM" stop --all --quiet >/dev/null 2>&1 || true
}

teardown_file() {
    end_cloud
}

# end_cloud: it is not there any more.
end_cloud() {
    [ ! -e "$BATS_FILE_TMPDIR/pid" ] || kill "$(cat "$BATS_FILE_TMPDIR/pid")" 2>/dev/null || true
    rm -f "$BATS_FILE_TMPDIR/pid"
}

# cloud [FAULT...]: a new cloud from here on, by the same process for all tests, since Python is slow to begin; but one on TLS
# has a process of its own.
cloud() {
    local deadline=$((SECONDS + 120)) folder=$BATS_FILE_TMPDIR
    rm -f "$folder/clouds.yaml"
    [ "$*" != tls ] || end_cloud
    if [ -e "$folder/pid" ]; then
        echo "$@" >"$folder/faults"
        kill -HUP "$(cat "$folder/pid")"
    else
        python3 "$BATS_TEST_DIRNAME/../openstack/fake.py" "$folder" "$@" 3>&- &
        echo $! >"$folder/pid"
        disown
    fi
    until [ -e "$folder/clouds.yaml" ]; do
        [ "$SECONDS" -le "$deadline" ] || return 1
        sleep 0.02
    done
}

# start NUMBER [OPTION...]: a run in the background of that many servers.
start() {
    run --separate-stderr timeout 300 "$MVM" run --engine openstack --cloud fake --guest sleep --name cloud --detach --quiet --count "$@" 3>&-
}

# What a challenge of all VMs says; machines may be slow.
alive() {
    "$MVM" ask --challenge all --timeout 60s
}

# What others have in the cloud is there, and nothing else.
only_foreign() {
    [ "$(jq -c '[.servers, .images, .flavors | keys]' state.json)" = '[["0-foreign","0-other","0-run"],["0-foreign"],["0-foreign"]]' ] ||
        { jq . state.json; return 1; }
}

# No secret is in what was said, nor in any file but the cloud's own.
no_secret() {
    ! grep -E "a-secret|token-|console-[0-9]" <<<"$output $stderr" || return 1
    ! grep -rlE "a-secret|token-|console-[0-9]" --include=result.json --include=*.csv . || return 1
}
