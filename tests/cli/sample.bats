#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# mvm sample.
load common

@test "a line an interval, in percent of the host" {
    run "$MVM" sample --interval 50ms --count 3
    [ "$status" -eq 0 ]
    [ "${#lines[@]}" -eq 4 ]
    [ "$(awk 'NR == 1 { print $1, $6, NF }' <<<"$output")" = "cpu memory 13" ] || { echo "$output"; return 1; }
    awk 'NR > 1 && ($1 < 0 || $1 > 100 || $6 <= 0 || $6 > 100 || NF != 13) { exit 1 }' <<<"$output"
}

@test "raw readings as JSON: the host first, then its counters, which go on" {
    "$MVM" sample --json --interval 50ms --count 3 >lines
    split -l 1 lines line-
    of_schema sample line-*
    jq -se '.[0].kind == "host" and .[0].limits.cpus > 0 and length == 4 and .[1].at_ns < .[2].at_ns and .[2].at_ns < .[3].at_ns
        and ([.[1:][].memory_bytes.total] | unique | length == 1)' lines
    [ "$(jq -s '.[1].memory_bytes.total' lines)" = "$(awk '/^MemTotal/ { print $2 * 1024 }' /proc/meminfo)" ]
}

@test "on request: a reading for each line, until there are no more" {
    printf 'a\n\nb\nno line' | "$MVM" sample --json --on-request >lines
    [ "$(jq -rs 'map(.kind) | join(" ")' lines)" = "host reading reading reading" ]
    # One request, one answer: nothing is kept back.
    coproc "$MVM" sample --json --on-request 3>&-
    local line pid=$COPROC_PID
    read -r line <&"${COPROC[0]}"
    echo >&"${COPROC[1]}"
    read -r line <&"${COPROC[0]}"
    [ "$(jq -r .kind <<<"$line")" = reading ]
    exec {COPROC[1]}>&-
    wait "$pid"
}

@test "it ends when nobody reads any more" {
    mkfifo requests
    # Its input stays open.
    exec {held}<>requests
    timeout 60 "$MVM" sample --json --on-request <requests | head -n 1 >line
    [ "${PIPESTATUS[0]}" -eq 0 ]
    timeout 60 "$MVM" sample --interval 50ms | head -n 1 >line
    [ "${PIPESTATUS[0]}" -eq 0 ]
    exec {held}>&-
    # A disk that is full is a failure.
    run --separate-stderr "$MVM" sample --json --count 1 --interval 50ms >/dev/full
    run -1 bash -c '"$1" sample --json --count 1 >/dev/full' - "$MVM"
    [[ "$output" == *"No space left"* ]]
}

@test "what is wrong is refused" {
    wrong="goes with --json" refused "$MVM" sample --on-request
    wrong="without --interval" refused "$MVM" sample --json --on-request --interval 1s
    wrong="without --interval" refused "$MVM" sample --json --on-request --count 1
    wrong="'x'" refused "$MVM" sample x
    wrong="--interval" refused "$MVM" sample --interval 1ms
}
