#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# What mvm host check foretells of a limit is what a run then meets: the same one, at the same number of VMs.

load common

setup() {
    export TMPDIR="$BATS_TEST_TMPDIR" XDG_RUNTIME_DIR="$BATS_TEST_TMPDIR"
    cd "$BATS_TEST_TMPDIR" || return 1
    VMS=(--engine exec --command "$FAKE_VM {image} good")
    BEFORE=()
}

teardown() {
    [ -n "$GROUP" ] || return 0
    # Nothing is in it, unless a test has failed in the middle.
    xargs -r kill <"$GROUP/cgroup.procs"
    for _ in {1..50}; do
        rmdir "$GROUP" 2>/dev/null && return 0
        sleep 0.1
    done
    return 1
}

# make_group CONTROLLER LIMIT: a control group of this test's own below the one it runs in, with that limit. What the host
# has set up is left as it is, so there must be a hierarchy in which groups may be made.
make_group() {
    local own file
    if own=$(sed -n "s/^[0-9]*:$1://p" /proc/self/cgroup) && [ -n "$own" ]; then
        GROUP=/sys/fs/cgroup/$1${own%/}
        case $1 in pids) file=pids.max ;; memory) file=memory.limit_in_bytes ;; esac
    else
        own=$(sed -n 's/^0:://p' /proc/self/cgroup)
        GROUP=/sys/fs/cgroup${own%/}
        grep -qw "$1" "$GROUP/cgroup.subtree_control" 2>/dev/null || { GROUP=; return 1; }
        file=$1.max
    fi
    mkdir "$GROUP/mvm-test-$$" 2>/dev/null || { GROUP=; return 1; }
    GROUP=$GROUP/mvm-test-$$
    echo "$2" >"$GROUP/$file"
}

# inside WORDS...: as the only process of the group.
inside() {
    [ -z "$GROUP" ] || echo "$BASHPID" >"$GROUP/cgroup.procs"
    exec "${BEFORE[@]}" "$@"
}

# foretell N OPTIONS...: into first.json what gives out first before N VMs.
foretell() {
    (inside "$MVM" host check --json --vms "$@" >check.json)
    jq .plan.first check.json >first.json
    cat first.json
}

# keep N OPTIONS...: starts N VMs, says into run.json how it went, and ends them.
keep() {
    rm -f run.json
    (inside "$MVM" run --json --quiet --name r --count "$@" >run.json 3>&-) &
    local deadline=$((SECONDS + 60))
    while [ ! -s run.json ] && [ "$SECONDS" -lt "$deadline" ] && kill -0 $! 2>/dev/null; do sleep 0.05; done
    "$MVM" stop --run r
    wait $! || true
    cat run.json
}

@test "open files: the limit of a process ends the run at the number foretold" {
    ulimit -n 49
    # With CAP_SYS_RESOURCE, mvm would raise the limit.
    if ((0x$(sed -n 's/^CapEff:\t//p' /proc/self/status) >> 24 & 1)); then
        BEFORE=(setpriv --bounding-set -sys_resource --inh-caps -sys_resource)
        "${BEFORE[@]}" true || skip "the capability to raise limits cannot be given up here"
    fi
    foretell 60 "${VMS[@]}"
    jq -e '.name == "ulimit -n" and .resource == "files" and .limit == 49 and .verdict == "bad"' first.json
    run "${BEFORE[@]}" "$MVM" scale $QUICK --intervals 1 --max 60 --out s "${VMS[@]}"
    echo "$output"
    jq '[.stopped_by, .population.running]' s/result.json
    jq -e --argjson holds "$(jq .holds first.json)" '.stopped_by == "files" and .population.running == $holds' \
        s/result.json
}

@test "tasks: the limit of a control group ends the run at the number foretold" {
    make_group pids 40 || skip "no control group with a limit of tasks can be made here"
    foretell 60 "${VMS[@]}"
    jq -e '.resource == "pids" and .limit == 40 and .verdict == "bad" and (.name | startswith("pids.max of "))' first.json
    # The command that lifts it names the file.
    jq -e --arg file "$GROUP/pids.max" '.command | endswith(" >" + $file)' first.json
    keep 60 "${VMS[@]}"
    jq -e --argjson holds "$(jq .holds first.json)" '.stopped_by == "pids" and .vms.running == $holds' run.json
    # With the command they fit.
    eval "$(jq -r .command first.json)"
    foretell 60 "${VMS[@]}"
    keep 60 "${VMS[@]}"
    jq -e '.stopped_by == null and .vms.running == 60' run.json
}

@test "tasks: pid_max of a PID namespace ends the run at the number foretold" {
    # Where it is not of the namespace, writing it would change the host.
    [ "$(printf '%s\n' 6.14 "$(uname -r)" | sort -V | head -n 1)" = 6.14 ] || skip "pid_max is not of a namespace before Linux 6.14"
    unshare --pid --fork --mount-proc true || skip "no PID namespace can be made here"
    # Numbers below 300 are given out once only: these are used up first, as the shell's own would count otherwise.
    export FAKE_VM MVM
    timeout 60 unshare --pid --fork --mount-proc bash -c '
        for ((i = 0; i < 310; i++)); do /bin/true; done
        echo 400 >/proc/sys/kernel/pid_max
        mkfifo never
        exec 9<>never # where no process can be made, none can be waited for
        vms=(--engine exec --command "$FAKE_VM {image} good")
        "$MVM" host check --json --vms 200 "${vms[@]}" >check.json
        "$MVM" run --json --quiet --name r --count 200 "${vms[@]}" >run.json &
        while [ ! -s run.json ] && kill -0 $!; do read -rt 0.05 -u 9 || true; done
        kill $!
        wait' 3>&- || true
    jq .plan.first check.json >first.json
    cat first.json run.json
    jq -e '.name == "kernel.pid_max" and .limit == 399 and .verdict == "bad"' first.json
    jq -e --argjson holds "$(jq .holds first.json)" '.stopped_by == "pids" and .vms.running == $holds' run.json
}

@test "memory: the run ends where it was foretold, within the error that is told" {
    need_qemu
    local share=()
    make_group memory 200M || share=(--memory-limit 200M)
    foretell 100 --engine qemu "${share[@]}"
    jq -e '.resource == "memory" and .limit == 209715200 and .verdict == "bad"' first.json
    keep 100 --engine qemu --parallel 1 "${share[@]}"
    # One is always begun for which there is no more.
    jq -e --slurpfile first first.json '.stopped_by == "memory" and .vms.running >= $first[0].holds_least - 1 and
        .vms.running <= $first[0].holds_most + 1' run.json
}
