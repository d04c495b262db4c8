#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# mvm scale --node-metrics: what the hosts of a cloud use themselves, by node_exporter and by ssh. Those of the cloud are made up
# (tests/openstack/fake.py, exporter.py) but for the last tests.
load common
load openstack

# Before setup() gives each test one of its own.
REAL_HOME=${REAL_HOME:-$HOME}
export REAL_HOME
# Python, Go and ssh are slow to begin on a busy machine.
PATIENCE=120
SCALE="--engine openstack --cloud fake --guest sleep --samples 2 --sample-time 200ms --settle 1s --threshold 100 --quiet --out result"

teardown() {
    [ -z "${exporter:-}" ] || { kill "$exporter" && wait "$exporter" || true; }
    [ -z "${sshd:-}" ] || { kill "$sshd" && wait "$sshd" || true; }
}

# begin_exporter [FAULT...]: in the background; its port is in $port.
begin_exporter() {
    python3 "$BATS_TEST_DIRNAME/../openstack/exporter.py" "$BATS_TEST_TMPDIR" "$@" 3>&- &
    exporter=$!
    wait_until [ -s exporter ]
    port=$(cat exporter)
}

# An ssh that runs here what it is to run there, and notes its words; ends as a host that refuses when that is its name.
fake_ssh() {
    mkdir bin
    cat >bin/ssh <<'END'
#!/bin/bash
printf '%s\n' "$*" >>"$BATS_TEST_TMPDIR/ssh.log"
while [ "$1" != -- ]; do shift; done
[ "$2" != refuses ] || { echo "root@refuses: Permission denied (publickey)." >&2; exit 255; }
shift 2
"$@"
echo ended >>"$BATS_TEST_TMPDIR/ssh.log"
END
    chmod +x bin/ssh
    PATH=$BATS_TEST_TMPDIR/bin:$(dirname "$MVM"):$PATH
}

# scale OPTION...: a run that is timed out when it hangs.
scale() {
    # shellcheck disable=SC2086
    run --separate-stderr timeout 300 "$MVM" scale $SCALE "$@" 3>&-
}

# No server was made but those of others.
none_made() {
    run ! grep -q '^POST nova /servers$' requests.log
    only_foreign
}

@test "each host's own use: slopes of it and of all together, and one that goes away in the middle" {
    cloud hosts=3
    begin_exporter away=yonder
    fake_ssh
    scale --max 12 --intervals 4 --node-metrics "http://127.0.0.1:$port/{host}" --node-metrics there=ssh://root@node-2:2222
    [ "$status" -eq 0 ] || { echo "$output$stderr"; return 1; }
    of_schema result result/result.json
    jq -c '.hosts[0], .cloud, .hosts[2].unknown, .stop_reason' result/result.json
    # 100 MiB and 2 % a VM, and every figure from the kernel's counters.
    jq -e '.hosts[0] | .node.cpus == 10 and .node.memory_bytes == 10737418240 and (.per_vm.memory_bytes - 104857600 | fabs < 1)
        and (.per_vm.cpu_percent_of_host - 2 | fabs < 1) and (.node.empty_cpu.mean - 5 | fabs < 3) and .unknown == ""' result/result.json
    jq -e '.hosts[0].points[-1] | .vms as $vms | .used | (.memory_taken_bytes.mean == $vms * 104857600) and .memory_taken_bytes.n >= 1
        and .swap == null and .pressure == null and .files.mean == 100.1 and (.memory.mean - 10 - $vms * 100 / 102.4 | fabs < 0.01)' result/result.json
    # The fullest is told apart from what is given away: more files are open than there may be.
    [ "$(jq -c '.first_host_used | [.name, .resource, .percent, .vms]' result/result.json)" = '["here","files",100.1,2]' ]
    [[ "$output" == *"here was the first host to use up what it has: 100.1 % of its files at 2 VMs, of 6 in all"* ]] || { echo "$output"; return 1; }
    # By ssh: this host.
    jq -e '.hosts[1] | .node.source == "ssh://root@node-2:2222" and .node.memory_bytes == '"$(awk '/^MemTotal/ { print $2 * 1024 }' /proc/meminfo)"' and
        .points[-1].used.cpu.n >= 1' result/result.json
    grep -qx -- '-T -o BatchMode=yes .* -p 2222 -l root -- node-2 mvm sample --json --on-request' ssh.log
    [ "$(grep -c BatchMode ssh.log)" -eq 1 ]
    [ "$(tail -n 1 ssh.log)" = ended ]
    # One is away from two VMs on: it is told, and what was measured stays.
    jq -e '.hosts[2] | .points[0].used != null and .points[-1].used == null and .node.samples_missed > 0 and (.unknown | contains("503"))' result/result.json
    jq -e '.cloud | .hosts == 3 and .points[0].hosts == 3 and .points[-1].hosts == 2' result/result.json
    [[ "$output" == *"Host, in use"*"yonder: "*"samples missed; at the end: http://127.0.0.1:$port/yonder: it answers with the HTTP status 503"* ]] || { echo "$output"; return 1; }
    # Samples of every interval stand in hosts.csv, those of the empty hosts too.
    [ "$(head -n 1 result/hosts.csv | cut -d, -f 1-5)" = interval,vms,host,unix_seconds,cpu_percent ]
    [ "$(cut -d, -f 1-3 result/hosts.csv | sort -u | grep -c ',here$')" -eq $((1 + $(jq '.intervals | length' result/result.json))) ]
    grep -q 'CPU in use, percent' result/hosts.svg
    only_foreign
}

@test "what the hosts use together ends a run" {
    cloud hosts=2
    begin_exporter large
    scale --max 4 --intervals 2 --threshold 85 --node-metrics "http://127.0.0.1:$port/{host}"
    [ "$status" -eq 0 ] || { echo "$output$stderr"; return 1; }
    jq -c '.cloud, .stopped_by, .stop_reason' result/result.json
    [ "$(jq -r '[.stopped_by, .stop_reason, .population.started] | @tsv' result/result.json)" = \
        "hosts	the 2 hosts that are read use 90.0 % of their memory, past the threshold of 85 %	2" ]
    [ "$(jq -c '.first_host_used | [.name, .resource, .percent, .vms]' result/result.json)" = '["here","memory",90,1]' ]
    only_foreign
}

@test "a host that cannot be read is told in ssh's own words before any VM is made" {
    cloud hosts=2
    fake_ssh
    scale --max 6 --node-metrics here=ssh://node --node-metrics there=ssh://root@refuses
    [ "$status" -eq 1 ]
    [ "$stderr" = "mvm scale: the host there cannot be read: ssh://root@refuses: root@refuses: Permission denied (publickey)." ] || { echo "$stderr"; return 1; }
    none_made
    jq -e '.state == "done" and .stopped_by == "engine" and (.intervals | length) == 0' result/result.json
}

@test "words of --node-metrics that are wrong are refused, and say what would be right" {
    cloud hosts=2
    wrong="on this one" refused "$MVM" scale --engine null --max 4 --node-metrics "ssh://{host}"
    wrong="has no password" refused "$MVM" scale $SCALE --max 4 --node-metrics "ssh://root:secret@{host}"
    wrong="{host}" refused "$MVM" scale $SCALE --max 4 --node-metrics http://node:9100
    wrong="takes a URL" refused "$MVM" scale $SCALE --max 4 --node-metrics here=node:9100
    wrong="here, there" refused "$MVM" scale $SCALE --max 4 --overwrite --node-metrics elsewhere=ssh://node
    none_made
    cloud secret-hosts
    scale --max 4 --overwrite --node-metrics "ssh://{host}"
    [ "$status" -eq 1 ]
    [[ "$stderr" == *"tells of no host"*administrators* ]] || { echo "$stderr"; return 1; }
    none_made
}

# begin_node_exporter FOLDER: Debian's, in the background, on a port of its own, $port.
begin_node_exporter() {
    local deadline=$((SECONDS + PATIENCE))
    until port=$((20000 + RANDOM % 10000)) && ! curl -s "http://127.0.0.1:$port" >/dev/null &&
        { "$1/prometheus-node-exporter" --web.listen-address="127.0.0.1:$port" >node.log 2>&1 3>&- & exporter=$!; } &&
        wait_until curl -so first "http://127.0.0.1:$port/metrics" && kill -0 "$exporter"; do
        [ "$SECONDS" -le "$deadline" ] || { cat node.log; return 1; }
    done
}

# begin_sshd: a real one on loopback, in $BATS_TEST_TMPDIR, on $ssh_port, and an ssh that knows it. It wants a folder below /run.
begin_sshd() {
    local deadline=$((SECONDS + PATIENCE))
    ssh-keygen -q -t ed25519 -N '' -f host_key && ssh-keygen -q -t ed25519 -N '' -f key
    cp key.pub authorized
    printf '%s\n' "HostKey $PWD/host_key" "AuthorizedKeysFile $PWD/authorized" 'StrictModes no' 'UsePAM no' 'PidFile none' \
        'PasswordAuthentication no' 'KbdInteractiveAuthentication no' >sshd_config
    printf '%s\n' "IdentityFile $PWD/key" "UserKnownHostsFile $PWD/known" 'StrictHostKeyChecking accept-new' >config
    mkdir bin
    printf '#!/bin/sh\nexec %s -F %s "$@"\n' "$(command -v ssh)" "$PWD/config" >bin/ssh
    chmod +x bin/ssh
    PATH=$PWD/bin:$PATH
    until [ -e listening ]; do
        [ "$SECONDS" -le "$deadline" ] || { cat sshd.log; return 1; }
        ssh_port=$((30000 + RANDOM % 10000))
        unshare --mount sh -c 'mount -t tmpfs tmpfs /run && mkdir /run/sshd && exec /usr/sbin/sshd -D -e -f "$0" -o ListenAddress=127.0.0.1 -p "$1"' \
            "$PWD/sshd_config" "$ssh_port" 2>sshd.log 3>&- &
        sshd=$!
        until grep -q "listening on" sshd.log && touch listening || ! kill -0 "$sshd" 2>/dev/null; do sleep 0.05; done
    done
}

@test "Debian's node_exporter, and a real sshd: two hosts that are this one, read by both alike" {
    local folder
    folder=$(HOME=${CACHE_HOME:-$REAL_HOME} "$BATS_TEST_DIRNAME/../../scripts/node-exporter" --look) ||
        skip "prometheus-node-exporter is not there; scripts/node-exporter unpacks it"
    [ -x /usr/sbin/sshd ] || skip "sshd is not installed (openssh-server)"
    [ "$(id -u)" -eq 0 ] && unshare --mount true || skip "an sshd of the test's own needs root, and a mount namespace"
    cloud hosts=2
    begin_node_exporter "$folder"
    begin_sshd
    ln -s "$MVM" mvm
    scale --max 2 --intervals 1 --node-metrics "here=http://127.0.0.1:$port" --node-metrics "there=ssh://root@127.0.0.1:$ssh_port$PWD/mvm"
    [ "$status" -eq 0 ] || { echo "$output$stderr"; cat sshd.log; return 1; }
    jq -c '.hosts[]' result/result.json
    # One host, read in two ways at the same moments.
    jq -e '.hosts[0] as $one | .hosts[1] as $other | $one.node.cpus == $other.node.cpus and $one.node.memory_bytes == $other.node.memory_bytes
        and .limits.memory_total_bytes == $one.node.memory_bytes and ([$one, $other | .points[0].used.cpu.n] | min >= 1)
        and ($one.points[0].used.memory.mean - $other.points[0].used.memory.mean | fabs < 5)
        and ($one.points[0].used.files.mean - $other.points[0].used.files.mean | fabs < 5)' result/result.json
    wait_until eval '! pgrep -f "$PWD/mvm sample"'
    only_foreign
}
