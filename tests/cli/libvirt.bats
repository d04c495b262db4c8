#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The engine libvirt: on libvirt's mock driver, and on a daemon of the test's own.

bats_require_minimum_version 1.5.0
load common
load libvirt

PATIENCE=120

setup_file() {
    "${MVM:-$BATS_TEST_DIRNAME/../../build/mvm}" run --engine libvirt --help | grep -q -- --uri ||
        { export NO_LIBVIRT="this mvm is built without libvirt"; return 0; }
    command -v setpriv >/dev/null || { export NO_SESSION="setpriv is not installed (util-linux)"; return 0; }
    command -v virsh >/dev/null || { export NO_SESSION="virsh is not installed (libvirt-clients)"; return 0; }
    PATH=$PATH:/usr/sbin command -v libvirtd >/dev/null || { export NO_SESSION="libvirtd is not installed (libvirt-daemon)"; return 0; }
    command -v qemu-system-i386 >/dev/null || { export NO_SESSION="qemu-system-i386 is not installed"; return 0; }
    export PATH=$PATH:/usr/sbin
    session_open
    export SESSION
    # Where the program lies need not be open to another user.
    cp "${MVM:-$BATS_TEST_DIRNAME/../../build/mvm}" "$SESSION/bin/mvm"
    chmod 755 "$SESSION/bin/mvm"
}

teardown_file() {
    [ -z "${SESSION:-}" ] || session_close
}

setup() {
    export TMPDIR="$BATS_TEST_TMPDIR" XDG_RUNTIME_DIR="$BATS_TEST_TMPDIR/runtime"
    mkdir -m 700 "$XDG_RUNTIME_DIR"
    cd "$BATS_TEST_TMPDIR" || return 1
    [ -z "${NO_LIBVIRT:-}" ] || skip "$NO_LIBVIRT"
}

teardown() {
    [ -n "${SESSION:-}" ] || return 0
    mvm stop --all --quiet >/dev/null 2>&1 || true
    # Also after a test that failed half way.
    local name
    for name in $(domains 2>/dev/null); do
        session_user virsh -q -c qemu:///session destroy "$name" >/dev/null 2>&1 || true
        session_user virsh -q -c qemu:///session undefine "$name" >/dev/null 2>&1 || true
    done
}

need_session() {
    [ -z "${NO_SESSION:-}" ] || skip "$NO_SESSION"
    cd "$SESSION/work"
}

# mvm WORDS... : as the user of the session.
mvm() {
    session_user "$SESSION/bin/mvm" "$@"
}

domains() {
    session_user virsh -q -c qemu:///session list --all --name | sed '/^$/d' | sort
}

# Returns when its process is gone.
kill_run() {
    local pid
    pid=$(mvm ls "$1" --json | jq .pid)
    kill -KILL "$pid"
    wait_until eval "! kill -0 $pid 2>/dev/null"
}

no_domains() {
    [ -z "$(domains)" ]
}

no_hypervisor_of() {
    ! pgrep -f "guest=mvm-$1-.*$SESSION/" >/dev/null
}

# No hypervisor of these domains is left, and no folder of mvm's.
nothing_of() {
    no_hypervisor_of "$1" && ! compgen -G "$SESSION/mvm-??????" >/dev/null
}

@test "what libvirt and the engine cannot take is refused with the reason" {
    wrong="'nonsense' is not the address" refused "$MVM" run --engine libvirt --uri nonsense
    wrong="names another one" refused "$MVM" run --engine libvirt --uri qemu+ssh://elsewhere/system --serial socket
    wrong="names another one" refused "$MVM" stop --engine libvirt --uri qemu://elsewhere/system --serial socket --run a
    wrong="runs none" refused "$MVM" run --engine libvirt --uri test:///default --serial stream
    wrong="runs none" refused "$MVM" run --engine libvirt --uri test:///default --pool default-pool
    wrong="runs no guests, on this host or another" refused "$MVM" run --engine libvirt --uri test+tcp://elsewhere/default
    wrong="frob:///x" refused "$MVM" run --engine libvirt --uri frob:///x
    wrong="--memory takes whole MiB" refused "$MVM" run --engine libvirt --uri test:///default --memory 1500K
    wrong="--accelerator" refused "$MVM" run --engine libvirt --accelerator warp
    wrong="/nonexistent.xml" refused "$MVM" run --engine libvirt --uri test:///default --domain-xml /nonexistent.xml
    echo "<domain>{name}{metadata}{frob}</domain>" >a.xml
    wrong="{frob}, which stands for nothing" refused "$MVM" run --engine libvirt --uri test:///default --domain-xml a.xml
    echo "<domain>{name}</domain>" >a.xml
    wrong="a.xml has no {metadata}" refused "$MVM" run --engine libvirt --uri test:///default --domain-xml a.xml
    printf '<domain>\0</domain>' >a.xml
    wrong="a NUL byte" refused "$MVM" run --engine libvirt --uri test:///default --domain-xml a.xml
    head -c 300000 /dev/zero | tr '\0' x >a.xml
    wrong="larger than" refused "$MVM" run --engine libvirt --uri test:///default --domain-xml a.xml
    wrong="'a/b'" refused "$MVM" stop --engine libvirt --uri test:///default --run a/b
}

@test "a daemon that does not run is named in one line" {
    LIBVIRT_AUTOSTART=0 wrong="cannot be connected to: Failed to connect socket" refused "$MVM" run --engine libvirt --uri "qemu+unix:///session?socket=$BATS_TEST_TMPDIR/none"
}

@test "the mock driver makes, counts and ends domains, and runs no guest" {
    "$MVM" run --engine libvirt --uri test:///default --count 3 --name dry --detach --json >out
    [ "$(jq -c '[.class, .vms.running]' out)" = '["-",3]' ] || { cat out; return 1; }
    "$MVM" stop --run dry
    # A domain that libvirt refuses has failed in libvirt's words.
    echo "<domain type='frob'><name>{name}</name><metadata>{metadata}</metadata></domain>" >a.xml
    run --separate-stderr "$MVM" run --engine libvirt --uri test:///default --domain-xml a.xml --strict --json
    [ "$status" -eq 1 ]
    [[ "$(jq -r .last_failure <<<"${lines[0]}")" == *"could not be made: "*frob* ]] || { echo "$output$stderr"; return 1; }
    # And what is not its own it does not end.
    run "$MVM" stop --engine libvirt --uri test:///default --run test
    [ "$status" -eq 0 ] && [[ "$output" == *"has left nothing"* ]]
}

@test "domains of a session are made, answer, are named by run, and are gone" {
    need_session
    mvm run --engine libvirt --count 2 --name four --detach --quiet
    [ "$(domains | tr '\n' ' ')" = "mvm-four-0 mvm-four-1 " ]
    [[ "$(mvm ask --run four --challenge all)" == "2 of 2 VMs are alive"* ]]
    session_user virsh -q -c qemu:///session metadata mvm-four-1 https://mvm.example/libvirt/1 | grep "name=.four."
    # Somebody else ends one: it is told.
    session_user virsh -q -c qemu:///session destroy mvm-four-1
    wait_until eval '[ "$(mvm ls four --json | jq .vms.stopped)" = 1 ]'
    mvm ls four | grep "was destroyed"
    [[ "$(mvm ask --run four --challenge all)" == "1 of "* ]]
    mvm stop --run four
    wait_until no_domains
    wait_until nothing_of four
}

@test "XML that is none, and what the machine does not have, are refused in libvirt's words" {
    need_session
    echo "{name}{metadata} is no XML" >a.xml
    wrong="a.xml makes no domain: " refused mvm run --engine libvirt --domain-xml a.xml
    echo "<domain type='{type}'><name>{name}</name><metadata>{metadata}</metadata><os><type>hvm</type></os></domain>" >a.xml
    wrong="a.xml makes no domain: " refused mvm run --engine libvirt --domain-xml a.xml
    echo "<domain>{name}{metadata}{serial}</domain>" >a.xml
    wrong="a.xml has {serial}" refused mvm run --engine libvirt --serial stream --domain-xml a.xml
    wrong="--machine toaster" refused mvm run --engine libvirt --machine toaster
}

@test "a domain that does not start fails with libvirt's reason" {
    need_session
    sed "s|{image}|$SESSION/none|" "$BATS_TEST_DIRNAME/../../docs/libvirt-domain.xml" >a.xml
    run --separate-stderr mvm run --engine libvirt --domain-xml a.xml --strict --json
    [ "$status" -eq 1 ]
    [[ "$(jq -r .last_failure <<<"${lines[0]}")" == *"could not be made: "*"$SESSION/none"* ]] || { echo "$output$stderr"; return 1; }
}

@test "with the daemon killed VMs go on, and end with their run; what a run killed then left is swept, and nothing else" {
    need_session
    mvm run --engine libvirt --count 1 --name one --detach --quiet
    mvm run --engine libvirt --count 2 --name two --detach --quiet
    session_kill
    [ "$(mvm ask --run one --challenge all)" = alive ]
    mvm ls one | grep "the connection to libvirt is lost"
    mvm stop --run one
    wait_until no_hypervisor_of one
    kill_run two
    session_start
    # One of somebody else, whose name looks like ours; one with our metadata, and a name of its own.
    local xml="<domain type='qemu'><name>mvm-two-7</name><memory>1024</memory><os><type arch='i686' machine='isapc'>hvm</type></os><devices><controller type='usb' model='none'/><memballoon model='none'/></devices></domain>"
    echo "$xml" >theirs.xml
    session_user virsh -q -c qemu:///session define theirs.xml
    session_user virsh -q -c qemu:///session dumpxml mvm-two-0 | sed "s/mvm-two-0/theirs/; /<uuid>/d; 1s| id='[0-9]*'||" >theirs.xml
    session_user virsh -q -c qemu:///session define theirs.xml
    [ "$(domains | tr '\n' ' ')" = "mvm-two-0 mvm-two-1 mvm-two-7 theirs " ] || { domains; return 1; }
    [[ "$(mvm stop --engine libvirt --run other)" == *"has left nothing"* ]]
    [[ "$(mvm stop --engine libvirt --run two)" == *": 2 domains" ]]
    [ "$(domains | tr '\n' ' ')" = "mvm-two-7 theirs " ]
    session_user virsh -q -c qemu:///session undefine mvm-two-7
    session_user virsh -q -c qemu:///session undefine theirs
    wait_until nothing_of two
}

@test "a run that is killed takes its domains along" {
    need_session
    mvm run --engine libvirt --serial stream --count 1 --name three --detach --quiet
    kill_run three
    wait_until no_domains
    wait_until nothing_of three
    [[ "$(mvm stop --engine libvirt --run three)" == *"has left nothing"* ]]
}

@test "a daemon killed while it makes domains ends growth with the reason; what became ready is kept, and nothing is left" {
    need_session
    mvm run --engine libvirt --count 60 --parallel 2 --name mid --detach --json >out 2>err &
    wait_until pgrep -f "guest=mvm-mid-1,.*$SESSION/" >/dev/null
    session_kill
    local status=0
    wait $! || status=$?
    [ "$status" -eq 1 ] || { cat out err; return 1; }
    [ "$(jq -r .stopped_by out)" = engine ] || { cat out err; return 1; }
    # By what comes first: the news of it, or domains that are not made.
    [[ "$(jq -r .stop_reason out)" =~ ^"the connection to libvirt is lost"|"did not become ready; the last: VM "[0-9]+" could not be made" ]] || { cat out err; return 1; }
    local running=$(jq .vms.running out)
    if [ "$running" -gt 0 ]; then
        # Those that were not made have failed, which ask says.
        run mvm ask --run mid --challenge all
        [[ "$output" == "$running of "* ]] || { echo "$output"; cat out; return 1; }
        mvm stop --run mid
    fi
    wait_until nothing_of mid
    session_start
    wait_until no_domains
}

@test "a system's daemon that runs VMs as another user: of a user's mvm, and by ssh, with what a killed run left there" {
    need_session
    [ "$(id -u)" -eq 0 ] || skip "a system's daemon needs root"
    # libvirt 9.0 asks QEMU for its capabilities at every domain when it runs as some other users, which takes minutes.
    id -u libvirt-qemu >/dev/null 2>&1 || skip "there is no user libvirt-qemu (libvirt-daemon-system)"
    unshare --mount true 2>/dev/null || skip "no mount namespace can be had here"
    local ssh=ssh
    command -v sshd >/dev/null && command -v virt-ssh-helper >/dev/null || ssh=
    unshare --mount --propagation private "$BATS_TEST_DIRNAME/libvirt-system" "$SESSION" $ssh
    [ -n "$ssh" ] || skip "a user's mvm works; not tried by ssh: sshd is not installed (openssh-server)"
}

@test "serial ports by stream: VMs answer, one that does not read holds up no other, and with the daemon they are lost; an image brought to a pool is swept" {
    need_session
    # The image is in a pool of somebody's, who has a volume there whose name looks like ours.
    mkdir "$SESSION/pool"
    [ "$(id -u)" -ne 0 ] || chown 65534 "$SESSION/pool"
    session_user virsh -q -c qemu:///session pool-create-as mvm-five dir --target "$SESSION/pool"
    session_user virsh -q -c qemu:///session vol-create-as mvm-five mvm-five-1 1
    wrong="--pool none cannot be used: " refused mvm run --engine libvirt --pool none
    mvm run --engine libvirt --serial stream --pool mvm-five --count 3 --name five --detach --quiet
    [[ "$(mvm ask --run five --challenge all)" == "3 of 3 VMs are alive"* ]]
    printf '?Hello\n' | mvm console --run five 1 >said
    printf '!bkign\n' | cmp - said
    # One that stands still, and is sent more than its terminal and the daemon have room for.
    session_user virsh -q -c qemu:///session suspend mvm-five-0
    head -c 100000 /dev/zero | tr '\0' x >much
    session_user timeout 1 "$SESSION/bin/mvm" console --run five 0 --settle 60s <much >said || true
    [ "$(mvm ask --run five 1 --challenge)" = alive ]
    # Somebody else takes one's console, and ends another one.
    session_user script -qec "virsh -q -c qemu:///session console --force mvm-five-2" /dev/null <much >said || true
    session_user virsh -q -c qemu:///session destroy mvm-five-0
    wait_until eval '[ "$(mvm ls five --json | jq .vms.stopped)" = 2 ]'
    # What libvirt tells of the one that was destroyed may come late.
    mvm ls five | grep "lost its console's stream"
    # Its domain is ended, too.
    wait_until eval '[ "$(domains)" = mvm-five-1 ]'
    session_kill
    wait_until eval '[ "$(mvm ls five --json | jq .vms.running)" = 0 ]'
    mvm ls five | grep "the connection to libvirt is lost"
    run mvm stop --run five
    [ "$status" -eq 1 ] && [[ "$output" == *" 1 domain and the image of the run five may be left"* ]] || { echo "$output"; return 1; }
    session_start
    [[ "$(mvm stop --engine libvirt --run five)" == *": 1 domain and 1 volume" ]]
    [ "$(ls "$SESSION/pool")" = mvm-five-1 ]
    wait_until nothing_of five
}
