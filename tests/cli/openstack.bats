#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The engine openstack: what it makes, asks and removes. Against a real cloud: `make check-openstack`.
load common
load openstack

@test "servers become ready, answer challenges, carry the run's name, and go with it; nothing else is touched" {
    cloud
    start 5
    [ "$status" -eq 0 ] || { echo "$output$stderr"; return 1; }
    no_secret
    [ "$(alive)" = "5 of 5 VMs are alive" ]
    [ "$("$MVM" ask 2 '?Hello' --timeout 60s)" = "!bkign" ]
    [ "$(jq '[.servers[] | select(.metadata["mvm-run"] == "cloud" and (.name | startswith("mvm-cloud.")))] | length' state.json)" -eq 5 ]
    [ "$(jq -c '[.images[] | select(.tags[0] == "mvm-run=cloud")][0] | [.status, .size, .disk_format, .hw_disk_bus]' state.json)" = '["active",512,"raw","ide"]' ]
    [ "$(jq -c '[.flavors[] | select(.description == "mvm-run=cloud")][0] | [.ram, .vcpus, .disk]' state.json)" = '[1,1,0]' ]
    [ "$("$MVM" ls cloud --json | jq .counted.vms_running_on_here)" -eq 5 ]
    # All five in one request, without networks.
    [ "$(grep -c '^POST nova /servers$' requests.log)" -eq 1 ]
    "$MVM" stop --quiet
    only_foreign
}

@test "a scale test runs there; its result has each host, names the first that gives out, and has no secret" {
    # Of five vCPUs three are one host's and two the other's, and Nova gives away more than that.
    cloud hosts=2
    # shellcheck disable=SC2086
    run --separate-stderr "$MVM" scale --engine openstack --cloud credential --guest sleep --max 12 --intervals 4 $QUICK --out result
    [ "$status" -eq 0 ] || { echo "$output$stderr"; return 1; }
    jq -c '[.population, .hosts, .first_host, .stopped_by]' result/result.json
    [ "$(jq -c '[.population.started, .population.alive, .engine.name, .engine.class, .stopped_by]' result/result.json)" = '[6,6,"openstack","A","hosts"]' ]
    [ "$(jq -c '[.hosts[] | [.name, .vcpus, ([.points[] | [.vms, .vms_of_all, .vcpus_percent, .disk_percent]])]]' result/result.json)" = \
        '[["here",3,[[2,3,66.6666666666667,null],[4,6,133.333333333333,null]]],["there",2,[[1,3,50,null],[2,6,100,null]]]]' ]
    [ "$(jq -c '.first_host | [.name, .resource, .vms, .vms_of_all]' result/result.json)" = '["here","vcpus",4,6]' ]
    [[ "$output" == *"here was the first host to give out: 133.3 % of its vcpus at 4 VMs"* ]] || { echo "$output"; return 1; }
    cp result/hosts.svg drawn.svg
    "$MVM" report --hosts result >/dev/null
    cmp result/hosts.svg drawn.svg
    no_secret
    only_foreign
}

@test "a mix of guests: each has an image of its own, and all go with the run" {
    cloud
    run --separate-stderr timeout 300 "$MVM" run --engine openstack --cloud fake --mix sleep=0.5,tick=0.5 --name cloud --detach --quiet --count 4 3>&-
    [ "$status" -eq 0 ] || { echo "$output$stderr"; return 1; }
    [ "$(alive)" = "4 of 4 VMs are alive" ]
    [ "$(jq '[.servers[] | .metadata["mvm-part"] | values] | group_by(.) | map(length) == [2, 2]' state.json)" = true ]
    [ "$(jq '[.images[] | select(.tags[0] == "mvm-run=cloud") | .os_hash_value] | unique | length' state.json)" -eq 2 ]
    "$MVM" stop --quiet
    only_foreign
}

@test "hosts that are secret are told apart all the same" {
    cloud secret-hosts
    start 2
    [ "$("$MVM" ls cloud --json | jq '.counted["vms_running_on_a-host-of-somebody"]')" -eq 2 ] || { "$MVM" ls cloud --json; return 1; }
    "$MVM" stop --quiet
}

@test "without serial consoles the readiness line counts, when that is asked for; and nothing is called alive" {
    cloud noconsole
    start 2
    [[ "$output$stderr" == *"Unavailable console type serial"*"--serial log"* ]] || { echo "$output$stderr"; return 1; }
    "$MVM" stop --quiet
    start 2 --serial log
    [ "$status" -eq 0 ] || { echo "$output$stderr"; return 1; }
    run --separate-stderr "$MVM" ask --challenge all
    [ "$status" -ne 0 ]
    [[ "$output$stderr" != *alive* ]] || { echo "$output$stderr"; return 1; }
    wrong="have no console" refused "$MVM" console 0
    "$MVM" stop --quiet
    only_foreign
    wrong="--tcp: VMs of the engine openstack have no console" refused "$MVM" run --engine openstack --cloud fake --serial log --tcp 127.0.0.0/8:0
}

@test "a run that is killed leaves servers, and 'mvm stop --engine openstack' removes them and nothing else" {
    cloud
    start 4
    local pid
    pid=$("$MVM" ls --json | jq '.[0].pid')
    kill -KILL "$pid"
    [ "$(jq '.servers | length' state.json)" -eq 7 ]
    # Its name is not free as long as they are there.
    rm -rf "$XDG_RUNTIME_DIR/mvm"
    start 1
    [ "$status" -eq 1 ]
    [[ "$stderr" == *"4 servers of a run named cloud already"* ]] || { echo "$stderr"; return 1; }
    run "$MVM" stop --engine openstack --cloud fake --run cloud
    [ "$status" -eq 0 ]
    [ "$output" = "removed what run cloud had left: 4 servers, 1 image and 1 flavor" ] || { echo "$output"; return 1; }
    only_foreign
    run "$MVM" stop --engine openstack --cloud fake --run cloud
    [ "$output" = "run cloud has left nothing at the engine openstack" ] || { echo "$output"; return 1; }
}

@test "what a living process has in the cloud is not swept" {
    cloud
    start 1
    # As that of a scale test, which 'mvm stop' knows nothing of.
    local runs=$XDG_RUNTIME_DIR
    XDG_RUNTIME_DIR=/nonexistent run --separate-stderr "$MVM" stop --engine openstack --cloud fake --run cloud
    [ "$status" -eq 1 ] || { echo "$output$stderr"; return 1; }
    [[ "$stderr" == *"the run cloud lives, as process $("$MVM" ls --json | jq '.[0].pid') "* ]] || { echo "$stderr"; return 1; }
    [ "$(alive)" = alive ]
}

@test "tokens that expire are renewed, and requests refused for load are made again" {
    cloud expire=5 overload=1
    start 4
    [ "$status" -eq 0 ] || { echo "$output$stderr"; return 1; }
    [ "$(alive)" = "4 of 4 VMs are alive" ]
    "$MVM" stop --quiet
    only_foreign
    [ "$(grep -c '^POST keystone' requests.log)" -ge 4 ]
}

@test "a quota ends growth with Nova's words, and what came is kept and removed" {
    cloud quota=3
    start 5
    [ "$status" -eq 1 ]
    [[ "$output" == *"3 of 5"* && "$output" == *quota* ]] || { echo "$output$stderr"; return 1; }
    [ "$(alive)" = "3 of 3 VMs are alive" ]
    "$MVM" stop --quiet
    only_foreign
    cloud quota=0
    start 1
    [ "$status" -eq 1 ]
    [[ "$output" == *"Quota exceeded for instances"* ]] || { echo "$output$stderr"; return 1; }
    only_foreign
}

@test "servers in ERROR are counted, and their fault told" {
    cloud novalidhost=3
    start 5
    [ "$status" -eq 1 ]
    [[ "$output" == *"3 of 5"*"ERROR: No valid host was found."* ]] || { echo "$output$stderr"; return 1; }
    "$MVM" stop --quiet
    only_foreign
}

@test "a request whose answer is lost is neither forgotten nor made twice" {
    cloud lost=1
    start 3
    [ "$status" -eq 0 ] || { echo "$output$stderr"; return 1; }
    [ "$(jq '.servers | length' state.json)" -eq 6 ]
    "$MVM" stop --quiet
    only_foreign
}

@test "servers that the cloud does not remove: the user is told, with the command that removes them later" {
    cloud nodelete
    # Patience is short, so that the end comes soon; a busy machine may need another try to get there.
    local pid try
    for try in 1 2 3 4 5 6 7 8; do
        "$MVM" run --engine openstack --cloud fake --guest sleep --name cloud --api-patience 500ms >words 2>&1 3>&- &
        pid=$!
        until "$MVM" ask 0 --challenge --timeout 60s >/dev/null 2>&1 || ! kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
        kill -TERM "$pid" 2>/dev/null || true
        wait "$pid" || true
        grep -q "has not removed 1 servers" words && break
        cloud nodelete
    done
    grep -q "has not removed 1 servers.*'mvm stop --engine openstack --run cloud' removes them" words || { cat words; return 1; }
    for try in 1 2 3 4 5 6 7 8; do
        run --separate-stderr "$MVM" stop --engine openstack --cloud fake --run cloud --api-patience 500ms
        [ "$status" -eq 1 ]
        [[ "$stderr" != *"has not removed 1 servers of the run cloud"* ]] || return 0
    done
    echo "$stderr"
    return 1
}

deletions() { grep -c "^DELETE .*/servers/" requests.log; }

@test "servers on a host that Nova does not hear of are deleted once it is back" {
    cloud away
    start 2
    [ "$status" -eq 0 ] || { echo "$output$stderr"; return 1; }
    "$MVM" stop --quiet 3>&- &
    # It looks at them, and again, and deletes none.
    local looks
    looks=$(grep -c "^GET .*/servers/detail" requests.log)
    wait_until eval '[ "$(grep -c "^GET .*/servers/detail" requests.log)" -ge $((looks + 3)) ]'
    [ "$(deletions)" -eq 0 ]
    touch "$BATS_FILE_TMPDIR/back"
    wait "$!"
    rm "$BATS_FILE_TMPDIR/back"
    [ "$(deletions)" -eq 2 ]
    only_foreign
}

@test "servers on a host that stays away are deleted, and the user is told that they may run on" {
    cloud away
    start 2 --api-patience 500ms
    [ "$status" -eq 0 ] || { echo "$output$stderr"; return 1; }
    run --separate-stderr "$MVM" stop
    [ "$status" -eq 1 ]
    [[ "$stderr" == *"2 servers of the run cloud, deleted while Nova heard nothing of the host here, may run on there"* ]] || { echo "$stderr"; return 1; }
    only_foreign
}

# busy VM : a question to it ends with that.
busy() {
    run --separate-stderr "$MVM" ask "$1" --challenge --timeout 60s
    [ "$status" -eq 1 ] && [[ "$output$stderr" == *busy* ]]
}

answers() {
    "$MVM" ask "$1" --challenge --timeout 60s
}

@test "consoles: by pipe, by TCP and on a terminal; one at a time, no question beside it; and they end with the run" {
    cloud
    start 2 --tcp 127.0.0.0/8:0
    local port console
    printf '?Hello\n\n?\xff\n' | "$MVM" console 1 --settle 60s >said 3>&- &
    console=$!
    wait_until eval 'printf "!bkign\n!i\n" | cmp -s - said'
    kill "$console"
    wait_until answers 1
    port=$("$MVM" ls cloud --json | jq '.doors[0].port')
    python3 - "$port" <<'END'
import socket, sys
for vm in 0, 1:
    with socket.create_connection(("127.0.0.%d" % vm, int(sys.argv[1])), timeout=60) as client:
        client.sendall(b"?Hello\n")
        assert client.makefile("rb").readline() == b"!bkign\n"
END
    wait_until answers 0
    PYTHONPATH=$BATS_TEST_DIRNAME python3 "$BATS_TEST_DIRNAME/openstack-terminal.py" "$MVM"
    wait_until answers 0
    mkfifo hold
    exec 9<>hold
    "$MVM" console 0 <hold 2>said 9>&- 3>&- &
    local status=0
    console=$!
    wait_until busy 0
    run --separate-stderr "$MVM" console 0
    [ "$status" -eq 1 ] && [[ "$stderr" == *"VM 0 is busy"* ]] || { echo "$stderr"; return 1; }
    wrong="no screen" refused "$MVM" console 0 --screen
    answers 1
    "$MVM" stop --quiet
    wait "$console" || status=$?
    [ "$status" -eq 1 ] && [[ "$(cat said)" == *"VM 0 has ended"* ]] || { cat said; return 1; }
    only_foreign
}

@test "a console that is not read waits, and nothing of it is lost; one that the cloud closes is told" {
    cloud counts
    start 1
    echo | "$MVM" console 0 --settle 60s 2>/dev/null | python3 -c '
import sys, time
time.sleep(0.5)
said = sys.stdin.buffer.read(600000)
assert len(said) == 600000 and all(byte == (said[0] + i) % 256 for i, byte in enumerate(said))'
    "$MVM" stop --quiet
    cloud closes=1
    start 1
    local status=0
    echo "?Hello" | "$MVM" console 0 --settle 60s >said 2>words || status=$?
    [ "$status" -eq 1 ] && [ "$(cat said)" = "!bkign" ] || { cat said words; return 1; }
    [[ "$(cat words)" == *"the console of VM 0 was closed by what it is connected to; the VM is running" ]] || { cat words; return 1; }
    answers 0
    "$MVM" stop --quiet
    cloud dies=1
    start 1
    status=0
    echo "?Hello" | "$MVM" console 0 --settle 60s >said 2>words || status=$?
    [ "$status" -eq 1 ] && [[ "$(cat words)" == *"VM 0 has ended (was deleted, and not by mvm)" ]] || { cat said words; return 1; }
    "$MVM" stop --quiet
}

@test "options refuse what they cannot take" {
    local option
    for option in --serial=tty --batch=0 --batch=1001 --parallel=0 --parallel=x --boot-timeout=0 --api-patience=soon; do
        wrong="${option%%=*}" refused "$MVM" run --engine openstack "$option"
    done
    wrong="'nothing'" refused "$MVM" stop --engine nothing --run x
    wrong="a/b" refused "$MVM" stop --engine openstack --run a/b
}
