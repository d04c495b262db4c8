#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The engine openstack on a real OpenStack of this machine, which `up` has brought up in $BENCH: `make check-openstack`.
bats_require_minimum_version 1.5.0

setup() {
    export TMPDIR="$BATS_TEST_TMPDIR" XDG_RUNTIME_DIR="$BATS_TEST_TMPDIR/runtime"
    export OS_CLIENT_CONFIG_FILE="$BENCH/clouds.yaml" OS_CLOUD=bench OS_COMPUTE_API_VERSION=2.90
    mkdir -p -m 700 "$XDG_RUNTIME_DIR"
    cd "$BATS_TEST_TMPDIR" || return 1
    bench=$BENCH
    # shellcheck source=common.bash
    . "$BATS_TEST_DIRNAME/common.bash"
}

teardown() {
    [ -z "${exporter:-}" ] || kill "$exporter" || true
    "$MVM" stop --all --quiet || true
    "$MVM" stop --engine openstack --run real --quiet || true
    grep -q "^expiration = 3600" "$BENCH/etc/keystone/keystone.conf" || tokens 3600
}

# tokens SECONDS: how long those that Keystone gives from here on are good for.
tokens() {
    sed -i "s/^expiration = .*/expiration = $1/" "$BENCH/etc/keystone/keystone.conf"
    end keystone
    start_keystone
}

start_run() {
    timeout 900 "$MVM" run --engine openstack --boot-timeout 10m --guest sleep --name real --detach --quiet "$@" 3>&-
}

# How many there are on all hosts.
domains() {
    local host
    for host in $hosts; do
        inside "$host" virsh list --all --name
    done | grep -c instance
}

servers() {
    openstack server list -f value -c Name
}

# VM 0 does so once what was away is back, for which a busy machine may need its time.
answers_again() {
    wait_for 600 "an answer of VM 0" "$MVM" ask 0 --challenge --timeout 60s
}

# Nothing that the run made is there; else says what is.
nothing_left() {
    local left
    left="$(servers)$(domains | sed 's/^0$//')$(openstack flavor list --all -f value -c Name)$(openstack image list -f value -c Name)"
    [ -z "$left" ] || { echo "left: $left"; return 1; }
}

@test "servers answer through Nova's serial console, are seen with OpenStack's own tools, and are gone afterwards" {
    start_run --count 3
    [ "$("$MVM" ask --challenge all --timeout 60s)" = "3 of 3 VMs are alive" ]
    [ "$(servers | sort | tr '\n' ' ')" = "mvm-real.0-1 mvm-real.0-2 mvm-real.0-3 " ]
    [[ "$(openstack console log show mvm-real.0-2)" == *"mvm1 sleep"* ]]
    [ "$(domains)" -eq 3 ]
    [ "$(openstack image list --tag mvm-run=real -f value -c Name)" = mvm-real ]
    # A console carries bytes both ways, and leaves the server's port to the next question.
    timeout 600 "$MVM" console 1 --settle 20s <<<'?Hello' >said
    [ "$(cat said)" = '!bkign' ] || { cat said; return 1; }
    [ "$("$MVM" ask 1 --challenge --timeout 60s)" = alive ]
    "$MVM" stop --quiet
    nothing_left
}

@test "what a killed run left is removed by its name, and a server of somebody else's is not" {
    start_run --count 2
    local image flavor
    image=$(openstack image list -f value -c ID) flavor=$(openstack flavor list --all -f value -c ID)
    openstack server create --image "$image" --flavor "$flavor" --nic none mvm-real.0-3 >/dev/null
    kill -KILL "$("$MVM" ls --json | jq '.[0].pid')"
    run "$MVM" stop --engine openstack --run real
    [ "$status" -eq 0 ] || { echo "$output"; return 1; }
    [[ "$output" == *"removed what run real had left: 2 servers, 1 image and 1 flavor"* ]] || { echo "$output"; return 1; }
    [ "$(servers)" = mvm-real.0-3 ]
    openstack server delete --wait mvm-real.0-3
    nothing_left
}

@test "Nova's API is away for some seconds in the middle of a run, and RabbitMQ is restarted" {
    start_run --count 1
    end nova-api
    (sleep 5 && start_api) 3>&- &
    answers_again
    wait
    end rabbit
    start_rabbit
    answers_again
    "$MVM" stop --quiet
    nothing_left
}

@test "a token expires in the middle of a run" {
    tokens 30
    start_run --count 1
    # Longer than the token is good for, whenever it was given.
    sleep 35
    answers_again
    "$MVM" stop --quiet
    tokens 3600
    nothing_left
}

# What the three hosts use themselves is read, too: all are this machine, one by a node_exporter where that is there and the others
# by an ssh that runs here what it is to run there.
node_metrics() {
    local folder
    mkdir bin
    printf '#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\nshift 3\nexec "%s" "$@"\n' "$MVM" >bin/ssh
    chmod +x bin/ssh
    PATH=$PWD/bin:$PATH
    metrics=(--node-metrics "ssh://root@{host}")
    folder=$("$BATS_TEST_DIRNAME/../../scripts/node-exporter" --look) || return 0
    "$folder/prometheus-node-exporter" --web.listen-address=127.0.0.1:19101 >node.log 2>&1 3>&- &
    exporter=$!
    wait_for 60 "node_exporter" curl -so first http://127.0.0.1:19101/metrics
    metrics+=(--node-metrics two=http://127.0.0.1:19101)
}

@test "three hosts: the standardized test has each, and names the one that gives out first" {
    local metrics
    node_metrics
    timeout 1800 "$MVM" scale --engine openstack --boot-timeout 10m --guest sleep --max 30 --intervals 5 --samples 2 --threshold 100 \
        --quiet --out result "${metrics[@]}"
    jq -c '.population, .hosts[], .first_host' result/result.json
    [ "$(jq -c '[.population.started, .population.alive, .stopped_by]' result/result.json)" = '[30,30,"max"]' ]
    [ "$(jq -c '[.hosts[].name] | sort' result/result.json)" = '["one","three","two"]' ]
    jq -e '[.hosts[].points[-1].vms] | add == 30 and min > 0' result/result.json
    [ "$(jq -c '[.first_host.name, .first_host.resource, .first_host.vms]' result/result.json)" = '["three","vcpus",8]' ]
    [ -s result/hosts.svg ]
    # Each host's kernel is this machine's, and what its VMs take of memory is there.
    jq -c '.hosts[] | [.name, .node, .per_vm, .unknown]' result/result.json
    jq -e '[.hosts[] | .node.memory_bytes] == [range(3) as $_ | .limits.memory_total_bytes]
        and ([.hosts[].points[] | .used.memory.n] | min >= 1) and ([.hosts[].unknown] | unique == [""])
        and .cloud.hosts == 3 and .cloud.points[-1].hosts == 3
        and .cloud.points[-1].memory_taken_bytes > 3 * 30 * 5e6' result/result.json
    [ -z "${SHOW:-}" ] || cp -r result "$SHOW"
    nothing_left
}

@test "a quota that is too low, and hosts whose nova-compute was killed: the user is told, and nothing stays" {
    openstack quota set --instances 2 admin
    run start_run --count 4
    openstack quota set --instances -1 admin
    [ "$status" -eq 1 ]
    [[ "$output" == *"2 of 4"*quota* ]] || { echo "$output"; return 1; }
    [ "$("$MVM" ask --challenge all --timeout 60s)" = "2 of 2 VMs are alive" ]
    local host
    for host in $hosts; do end "compute-$host" KILL; done
    run "$MVM" ask 0 --challenge
    [ "$status" -eq 1 ]
    for host in $hosts; do start_compute "$host"; done
    answers_again
    "$MVM" stop --quiet
    nothing_left
}
