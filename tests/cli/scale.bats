#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# mvm scale: what is refused, and what a run leaves; engine null.

bats_require_minimum_version 1.5.0
load common

@test "every option of scale refuses what it cannot take, naming what would be right" {
    local option bad
    while read -r option bad; do
        wrong="--$option"
        refused "$MVM" scale --engine null --out run "--$option" "$bad"
    done <<'LIST'
memory-limit lots
memory-limit 12
cpu-limit none
cpu-limit 0
threshold 0
threshold 101
max 0
max 1.5
max -3
intervals 0
intervals many
samples 1
sample-time never
sample-time 1ms
settle 0s
seed -1
network-capacity fast
network-capacity 10GiB
network-capacity 0
disk-capacity lots
disk-operations 0
disk-operations 1.5
mix sleep
mix sleep=0.5
mix sleep=0.5,nap=0.5
mix load:200=1
load 0
load many
load-targets all
load-skew 0
load-timeout never
p99 0
LIST
    [ ! -e run ]
}

@test "every option of the qemu engine refuses what it cannot take" {
    need_qemu
    local option bad
    while read -r option bad; do
        wrong="--$option"
        refused "$MVM" scale --engine qemu --out run "--$option" "$bad"
    done <<'LIST'
architecture arm
accelerator warp
memory 1000
memory 1.5M
code-buffer 100K
parallel 70000
boot-timeout 0
extra "unclosed
LIST
    wrong="/nonexistent/rom" refused "$MVM" scale --engine qemu --firmware /nonexistent/rom
    wrong="/nonexistent/qemu" refused "$MVM" scale --engine qemu --binary /nonexistent/qemu
    [ ! -e run ]
}

@test "an accelerator that this machine has not is refused with the reason" {
    need_qemu
    [ ! -e /dev/kvm ] || skip "this machine has /dev/kvm"
    wrong="/dev/kvm" refused "$MVM" scale --engine qemu --accelerator kvm
}

@test "every option of the exec engine refuses what it cannot take" {
    wrong="--command" refused "$MVM" scale --engine exec
    wrong="no program" refused "$MVM" scale --engine exec --command '/nonexistent/vmm {image}'
    wrong="not installed" refused "$MVM" scale --engine exec --command 'nonexistent-vmm {image}'
    wrong="split" refused "$MVM" scale --engine exec --command '"unclosed {image}'
    wrong="empty" refused "$MVM" scale --engine exec --command ''
    wrong="{image}" refused "$MVM" scale --engine exec --command 'cat'
    wrong="{serial}" refused "$MVM" scale --engine exec --serial listen --command 'cat {image}'
    wrong="{serial}" refused "$MVM" scale --engine exec --command 'cat {image} {serial}'
    wrong="--serial" refused "$MVM" scale --engine exec --serial parallel --command 'cat {image}'
}

@test "unknown engines, guests, options and operands are refused" {
    wrong="'bochs'" refused "$MVM" scale --engine bochs
    wrong="nap" refused "$MVM" scale --engine null --guest nap
    wrong="--frobnicate" refused "$MVM" scale --frobnicate
    wrong="--thresh" refused "$MVM" scale --thresh 50
    wrong="needs a value" refused "$MVM" scale --max
    wrong="'extra'" refused "$MVM" scale --engine null extra
    wrong="exclude" refused "$MVM" scale --engine null --guest sleep --image x.img
    wrong="--force" refused "$MVM" scale --engine null --force
    wrong="'scales'" refused "$MVM" scales
}

@test "images that are no boot sectors are refused" {
    head -c 511 /dev/zero >short.img
    head -c 512 /dev/zero >blank.img
    wrong="511" refused "$MVM" scale --engine null --image short.img
    wrong="signature" refused "$MVM" scale --engine null --image blank.img
    wrong="none.img" refused "$MVM" scale --engine null --image none.img
}

@test "a share larger than the host is refused" {
    wrong="--memory-limit" refused "$MVM" scale --engine null --max 10 --memory-limit 900T --out run
    wrong="--cpu-limit" refused "$MVM" scale --engine null --max 10 --cpu-limit 60000 --out run
}

@test "a run directory that cannot be made is refused" {
    : >file
    wrong="file" refused "$MVM" scale --engine null --max 10 --out file/run
    wrong="--out" refused "$MVM" scale --engine null --max 10 --out ''
}

@test "null without --max is refused, since nothing would end it" {
    wrong="--max" refused "$MVM" scale --engine null --out run $QUICK
}

@test "null: a run to the maximum, with every required name" {
    run --separate-stderr "$MVM" scale --engine null --max 1000 --intervals 4 --out run $QUICK
    echo "$output$stderr"
    [ "$status" -eq 0 ]
    [ -s run/samples.csv ]
    [ -s run/resources.svg ]
    [ -s run/sleep.img ]
    jq -e '.schema == "mvm-result/1" and .engine.name == "null" and .engine.class == "-"
           and (.image.sha256 | length == 64) and .population.started == 1000 and .population.alive == 1000
           and .population.asked == 1000 and .stopped_by == "max" and .state == "done"
           and (.per_vm | has("memory_bytes")) and (.per_vm | has("cpu_percent_of_host"))
           and (.intervals | length == 4) and .intervals[3].vms == 1000
           and (.intervals[0].cpu.mean | type == "number") and (.intervals[0].memory.mean | type == "number")
           and (.memory_accounting.unexplained | type == "number")' run/result.json
    [ "$(sha256sum <run/sleep.img | cut -d' ' -f1)" = "$(jq -r .image.sha256 run/result.json)" ]
    of_schema result run/result.json
}

@test "a mix does not go with one guest" {
    local more
    for more in "--guest sleep" "--image x.img" "--profile 25" "--timer 100"; do
        # shellcheck disable=SC2086
        wrong="--mix" refused "$MVM" scale --engine null --max 10 --mix sleep=1 $more --out run
    done
    [ ! -e run ]
}

@test "what goes with a load is refused without one, and a load where nobody answers it" {
    local more
    for more in "--load-targets zipf" "--load-skew 2" "--load-path /" "--load-timeout 1s" "--p99 1ms"; do
        # shellcheck disable=SC2086
        wrong="${more%% *} goes with --load" refused "$MVM" scale --engine null --max 10 $more --out run
    done
    wrong="zipf" refused "$MVM" scale --engine null --max 10 --load 10 --load-skew 2 --out run
    wrong="such as /" refused "$MVM" scale --engine null --max 10 --load 10 --load-path index --out run
    wrong="guest web" refused "$MVM" scale --engine null --max 10 --load 10 --load-path / --out run
    wrong="--load-timeout" refused "$MVM" scale --engine null --max 10 --load 10 --load-timeout 1s --p99 2s --out run
    nasm -f bin -o foreign.img "$BATS_TEST_DIRNAME/../guest/foreign.asm"
    wrong="foreign.img promises none" refused "$MVM" scale --engine null --image foreign.img --max 10 --load 10 --out run
    [ ! -e run ]
}

@test "network, disk and sockets are in percent of what was said; a load is answered, and its latency may stop the run" {
    run --separate-stderr "$MVM" scale --engine null --max 100 --intervals 2 --out run $QUICK --load 500 --load-targets round-robin \
        --network-capacity 10T --disk-capacity 1T --disk-operations 1000000000
    echo "$output$stderr"
    [ "$status" -eq 0 ]
    [[ "$output" == *"500 requests a second, round-robin; 0 wrong answers"* ]]
    jq -e '.stopped_by == "max" and .plan.load.rate == 500 and .plan.load.targets == "round-robin" and (.intervals | length == 2)
           and ([.intervals[].load | .rate == 500 and .due > 50 and .answered + .timeouts + .errors + .wrong + .due - .sent == .due and .wrong == 0
                 and .answered > 0 and .p50_seconds > 0 and .p50_seconds <= .p90_seconds and .p90_seconds <= .p99_seconds
                 and .p99_seconds <= .p999_seconds and .throughput > 0] | all)
           and .intervals[0].latency == null' run/result.json
    jq -e '.plan.network_capacity_bits_per_second == 10000000000000 and .plan.disk_capacity_bytes_per_second == 1099511627776
           and .plan.disk_capacity_operations_per_second == 1000000000
           and (.intervals[0].network.mean | . >= 0 and . < 50)
           and .intervals[0].sockets_in_use.mean >= 1 and .intervals[0].sockets.mean < 100
           and (.intervals[0] | has("loopback_bytes_per_second") and has("disk_busy"))' run/result.json
    head -1 run/samples.csv | grep -q ',network_percent,sockets_percent,.*,sockets_in_use,'
    [ -s run/qos.svg ]

    "$MVM" report --qos run run --label first --label second --out both.svg >/dev/null
    grep -q "2: second" both.svg

    # No answer takes less than a microsecond from when it was due.
    "$MVM" scale --engine null --max 100 --intervals 2 --out limited $QUICK --load 500 --p99 1us >/dev/null
    jq -e '.stopped_by == "latency" and .plan.load.p99_limit_seconds == 0.000001 and (.intervals | length == 1)
           and .intervals[0].latency.mean > 100 and .intervals[0].latency.n == 1
           and (.stop_reason | startswith("latency reached"))' limited/result.json
    of_schema result run/result.json limited/result.json
    wrong="has no load" refused "$MVM" report --qos "${MVM_TEST_DATA:-$BATS_TEST_DIRNAME/../unit/data}/report/sleep" --out none.svg
    [ ! -e none.svg ]
}

@test "--json prints the result file and nothing else" {
    "$MVM" scale --engine null --max 10 --intervals 2 --out run $QUICK --json >printed
    cmp printed run/result.json
}

@test "a result is not replaced unless --overwrite says so" {
    "$MVM" scale --engine null --max 10 --intervals 2 --out run $QUICK
    cp run/result.json before
    wrong="--overwrite" refused "$MVM" scale --engine null --max 20 --intervals 2 --out run $QUICK
    cmp before run/result.json
    "$MVM" scale --engine null --max 20 --intervals 2 --out run $QUICK --overwrite
    [ "$(jq .population.started run/result.json)" -eq 20 ]
}
