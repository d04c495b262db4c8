#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# mvm load: requests to many VMs, and how long they take.

load common

# serve STALL: a server that stalls so long in each second; sets $url.
serve() {
    local deadline=$((SECONDS + 20))
    mkfifo life
    "$BATS_TEST_DIRNAME/load-server.py" port "$1" <life 3>&- &
    exec {life}>life
    until [ -s port ]; do
        [ "$SECONDS" -le "$deadline" ] || return 1
        sleep 0.05
    done
    url=http://127.0.0.1:$(cat port)
}

teardown() {
    [ ! -d run ] || XDG_RUNTIME_DIR=$PWD/run "$MVM" stop --all --quiet >/dev/null 2>&1
    [ -z "${life:-}" ] || exec {life}>&-
}

figure() {
    jq -r "$1" result/load.json
}

@test "VMs of an engine are loaded straight, and all answers are right" {
    for words in "--engine vmm --guest web" "--engine vmm --guest web --challenges" "--engine vmm --guest sleep --arrivals poisson" "--engine null"; do
        run "$MVM" load $words --count 500 --rate 1000 --time 250ms --timeout 60s --out result --overwrite --quiet
        [ "$status" -eq 0 ] || { echo "$words: $output"; return 1; }
        [ "$(figure .schema)" = mvm-load/1 ]
        [ "$(figure '.requests.right == .requests.due and .requests.due > 100')" = true ] || { figure .requests; return 1; }
        [ "$(figure '.latency.corrected.n == .requests.right and .latency.corrected.p50_seconds > 0')" = true ]
        [ "$(figure .target.vms)" = 500 ]
        [[ "$output" == *"answered right"* && "$output" == *"send lag"* ]]
        grep -q '^#\[Max ' result/latency-corrected.hgrm result/latency-uncorrected.hgrm
    done
    nothing_left
}

@test "VMs that are processes are loaded as well" {
    need_qemu
    run "$MVM" load --engine qemu --guest web --route /x=Hi --path /x --count 2 --rate 20 --time 1s --timeout 60s --out result --quiet
    [ "$status" -eq 0 ] || { echo "$output"; return 1; }
    [ "$(figure '.requests.right')" = 20 ] || { figure .requests; return 1; }
    nothing_left
}

@test "content is checked" {
    run "$MVM" load --engine vmm --guest web --expect Hallo --rate 100 --time 200ms --timeout 60s --out result --quiet
    [ "$status" -eq 1 ]
    [ "$(figure '.requests.wrong')" = 20 ]
    [[ "$output" == *"20 answered wrong"* ]]
}

@test "a closed loop tells throughput, from several threads" {
    run "$MVM" load --engine vmm --guest web --count 100 --connections 8 --threads 2 --targets zipf --time 500ms --timeout 60s --out result --quiet
    [ "$status" -eq 0 ] || { echo "$output"; return 1; }
    [ "$(figure '.requests.right == .requests.due and .rate.right > 10 and .latency.corrected == null')" = true ]
}

@test "a trace says when and whom" {
    printf 'time,vm\n0,1\n0.1,0\n0.1,2\n' >trace
    run "$MVM" load --engine vmm --count 3 --trace trace --timeout 60s --out result --quiet
    [ "$status" -eq 0 ] || { echo "$output"; return 1; }
    [ "$(figure .requests.right)" = 3 ]
    wrong='VM 2, but there are 2 VMs' refused "$MVM" load --engine vmm --count 2 --trace trace
}

@test "a stall of 100 ms a second shows in the corrected latency, and the uncorrected hides it" {
    serve 0.1
    # One connection, as a client has it that waits for each answer: the requests of a stall are late, but for one.
    run "$MVM" load "$url/" --expect Hello --rate 200 --time 3s --timeout 60s --sockets 1 --out result --quiet
    [ "$status" -eq 0 ] || { echo "$output"; return 1; }
    [ "$(figure '.requests.right == 600')" = true ] || { figure .requests; return 1; }
    [ "$(figure '.latency.corrected.p99_seconds > 0.05')" = true ] || { echo "$output"; return 1; }
    [ "$(figure '.latency.corrected.p95_seconds > 0.02')" = true ] || { echo "$output"; return 1; }
    [ "$(figure '.latency.uncorrected.p95_seconds * 2 < .latency.corrected.p95_seconds')" = true ] || { echo "$output"; return 1; }
}

@test "a run's VMs are loaded through its doors, each by its own address" {
    mkdir -m 700 run
    export XDG_RUNTIME_DIR=$PWD/run
    "$MVM" run --engine vmm --guest web --route /=Hello --route /b=Bye --count 300 --detach --quiet --http 127.0.0.1:0 --http 127.0.0.0/8:0 >/dev/null
    for words in "--by path --expect Hello" "--by address --expect Hello" "--by address --keep 50 --path /b --expect Bye"; do
        run "$MVM" load $words --targets round-robin --rate 600 --time 500ms --timeout 60s --out result --overwrite --quiet
        [ "$status" -eq 0 ] || { echo "$words: $output"; return 1; }
        [ "$(figure '.requests.right == 300 and .target.vms == 300')" = true ] || { figure .requests; return 1; }
    done
    run "$MVM" load --by path --path /none --rate 100 --time 100ms --timeout 60s --out result --overwrite --quiet
    [ "$status" -eq 1 ]
    [ "$(figure .requests.status)" = 10 ] || { figure .requests; return 1; }
    wrong='has 300 VMs' refused "$MVM" load --vms 301
    "$MVM" stop --quiet
}

@test "the search for a capacity says what it measured, and what limits it" {
    # No VM answers within a microsecond, at any rate.
    run "$MVM" load --engine vmm --count 10 --find-capacity --p99 0.001ms --rate 4 --time 500ms --out result --quiet
    [ "$status" -eq 1 ]
    [ "$(figure '.capacity | .rate == null and .missed_rate == 1 and .limited_by != "met" and (.tries | length) >= 6')" = true ] || { figure .capacity; return 1; }
    [[ "$output" == *"no rate was found"* ]]
}

@test "Ctrl-C ends a load in order, and what was measured is kept" {
    "$MVM" load --engine vmm --count 10 --rate 500 --time 1h --out result --json --quiet >out 3>&- &
    local pid=$!
    sleep 1.5
    kill -INT "$pid"
    wait "$pid"
    [ "$(figure '.state == "interrupted" and .requests.right > 0 and .seconds < 3000')" = true ]
    nothing_left
}

@test "what makes no sense is refused in one sentence" {
    wrong='http://' refused "$MVM" load 127.0.0.1:80
    wrong='--vms' refused "$MVM" load http://127.0.0.0/8:80/
    wrong='more than' refused "$MVM" load http://127.0.0.0/30:80/ --vms 5
    wrong='one of them' refused "$MVM" load http://127.0.0.1/ --engine vmm
    wrong='a rate is' refused "$MVM" load --engine vmm --rate fast
    wrong='never sends' refused "$MVM" load --engine vmm --rate 0
    # Also where there is no run.
    wrong='never sends' refused "$MVM" load --run nobody --rate 0
    wrong='no content for the path /x' refused "$MVM" load --engine vmm --guest web --path /x
    wrong='--path is for HTTP' refused "$MVM" load --engine vmm --guest sleep --path /
    wrong='closed loop' refused "$MVM" load --engine vmm --connections 5 --rate 10
    wrong='--p99' refused "$MVM" load --engine vmm --find-capacity
    wrong='zipf' refused "$MVM" load --engine vmm --skew 1
    wrong='multiple' refused "$MVM" load --engine vmm --connections 5 --threads 2
    wrong='--count' refused "$MVM" load http://127.0.0.1/ --count 5
    wrong='settings of guests' refused "$MVM" load http://127.0.0.1/ --route /=x
    wrong="no engine 'x'" refused "$MVM" load --engine x
    wrong="'b' is not expected" refused "$MVM" load http://127.0.0.1/ b
    wrong='cannot be sent' refused "$MVM" load http://127.0.0.1/a%20b\ c
    XDG_RUNTIME_DIR=$PWD wrong='no run lives' refused "$MVM" load
    mkdir result && touch result/load.json
    wrong='holds a result already' refused "$MVM" load --engine null --out result
}
