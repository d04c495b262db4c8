#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The way in from outside: VMs as servers of HTTP and TCP, by address and by path.

bats_require_minimum_version 1.5.0
load common
load runs

# start ARGUMENT... : a run called doors; its ports are those that the kernel chose.
start() {
    "$MVM" run --name doors --detach --json "$@" >line
}

port() {
    jq -r ".doors[$1].port" line
}

# get URL : status and content
get() {
    curl -sS --max-time 20 -w ' %{http_code}' "$@"
}

@test "what cannot be a place, or a limit, is refused with what would be right" {
    wrong="--http takes" refused "$MVM" run --engine null --http 8080
    wrong="--http takes" refused "$MVM" run --engine null --http localhost:8080
    wrong="127.0.0.0/8:80 would be right" refused "$MVM" run --engine null --http 127.0.0.1/8:80
    wrong="--tcp takes" refused "$MVM" run --engine vmm --tcp unix:x
    wrong="lets other hosts in" refused "$MVM" run --engine null --http 0.0.0.0:0
    wrong="lets other hosts in" refused "$MVM" run --engine null --http 192.0.2.99:80
    wrong="not an address of this host" refused "$MVM" run --engine null --http 192.0.2.99:80 --public
    wrong="have no console" refused "$MVM" run --engine null --tcp 127.0.0.0/8:0
    wrong="--public goes with" refused "$MVM" run --engine null --public
    wrong="--local-route goes with" refused "$MVM" run --engine null --local-route
    wrong="1 to 107 bytes" refused "$MVM" run --engine null --http unix:
    wrong="at most 16" refused "$MVM" run --engine null $(printf -- '--http 127.0.0.1:0 %.0s' $(seq 17))
    local option bad
    while read -r option bad; do
        wrong="--$option" refused "$MVM" run --engine null --http 127.0.0.1:0 "--$option" "$bad"
    done <<'LIST'
door-connections 0
door-header 1
door-header-time never
door-output 1
door-answer 0
door-idle 0
door-waiting -1
door-lanes 0
LIST
    start --engine null --http 127.0.0.1:0
    wrong="is taken by another program" refused "$MVM" run --engine null --http "127.0.0.1:$(port 0)"
    wrong="is taken by another program" refused "$MVM" run --engine null --http "127.0.0.0/8:$(port 0)"
}

@test "curl, by address, by path and by Unix socket" {
    start --engine vmm --guest web --route /=Hello --route /b=Bye --count 70000 --http 127.0.0.0/8:0 --http 127.0.0.1:0 \
        --http "unix:$PWD/socket"
    local by_address by_path url
    by_address=$(port 0) by_path=$(port 1)
    [ "$(get "http://127.1.2.3:$by_address/")" = "Hello 200" ]
    [ "$(get "http://127.0.0.5:$by_address/b?c=d")" = "Bye 200" ]
    [ "$(get "http://127.1.17.111:$by_address/")" = "Hello 200" ]
    [ "$(get "http://127.1.17.112:$by_address/")" = "there is no VM 70000
 404" ]
    [ "$(get "http://127.0.0.1:$by_path/vm/66051/")" = "Hello 200" ]
    [ "$(get "http://127.0.0.1:$by_path/vm/9/b")" = "Bye 200" ]
    [ "$(get "http://127.0.0.1:$by_path/vm/9")" = "Hello 200" ]
    [ "$(get "http://127.0.0.1:$by_path/vm/9/nope")" = " 404" ]
    [ "$(get "http://127.0.0.1:$by_path/vm/70000/")" = "there is no VM 70000
 404" ]
    [ "$(get "http://127.0.0.1:$by_path/")" = "paths here are /vm/NUMBER/...
 404" ]
    [ "$(get --unix-socket socket http://any/vm/69999/b)" = "Bye 200" ]
    [ "$(get -d x "http://127.0.0.1:$by_path/vm/9/" | tail -1)" = " 501" ]
    curl -sSI "http://127.0.0.3:$by_address/" | grep -q "200 OK"
    # What a proxy is asked.
    [ "$(get -x "http://127.0.0.1:$by_path" http://anything/vm/3/b)" = "Bye 200" ]
    # A local address that is not in the prefix, on the same interface.
    url=$(hostname -I 2>/dev/null | cut -d' ' -f1)
    if [[ "$url" == *.*.*.* ]]; then
        run curl -sS --max-time 10 "http://$url:$by_address/"
        [ "$status" -ne 0 ]
    fi
    "$MVM" ls doors --json | jq -e --argjson port "$by_address" '.doors[0] == {kind: "http", by: "address", prefix: "127.0.0.0/8",
        port: $port} and .doors[1].by == "path" and .doors[1].address == "127.0.0.1" and (.doors[2].socket | endswith("socket"))'
    "$MVM" ls doors | grep -q "http by address at 127.0.0.0/8, port $by_address"
    "$MVM" stop
    [ ! -e socket ]
}

@test "IPv6, and a prefix of it by a route that is set and removed, also when mvm is killed" {
    [ -e /proc/net/if_inet6 ] || skip "this host has no IPv6"
    start --engine null --count 20 --http '[::1]:0'
    [ "$(get -g "http://[::1]:$(port 0)/vm/5/")" = "Hello from 512 bytes 200" ]
    "$MVM" stop
    [ "$(id -u)" -eq 0 ] && ip route add local 198.51.100.0/30 dev lo 2>/dev/null && ip route del local 198.51.100.0/30 dev lo ||
        skip "routes cannot be set here"
    start --engine null --count 20 --http '[fd5a:6d76:6d00::]/64:0' --http 198.18.77.0/24:0 --local-route
    [ "$(get -g "http://[fd5a:6d76:6d00::7]:$(port 0)/")" = "Hello from 512 bytes 200" ]
    [ "$(get "http://198.18.77.19:$(port 1)/")" = "Hello from 512 bytes 200" ]
    "$MVM" stop
    ! ip route show table local | grep -q 198.18.77
    start --engine null --count 20 --http 198.18.77.0/24:0 --local-route
    ip route show table local | grep -q 198.18.77
    kill -KILL "$(jq .pid line)"
    wait_until eval '! ip route show table local | grep -q 198.18.77'
    "$MVM" stop
}

@test "ab and wrk, on one VM and on many, and every answer is right" {
    start --engine vmm --guest web --route /=Hello --count 1000 --http 127.0.0.0/8:0 --http 127.0.0.1:0
    ab -q -n 300 -c 10 "http://127.0.0.9:$(port 0)/" >ab
    grep -q "Complete requests: *300" ab
    grep -q "Failed requests: *0" ab
    ! grep -q "Non-2xx" ab
    cat >many.lua <<'LUA'
request = function() return wrk.format("GET", "/vm/" .. math.random(0, 999) .. "/") end
response = function(status, headers, body) if status ~= 200 or body ~= "Hello" then wrk.thread:stop() print("wrong") end end
LUA
    wrk -t 1 -c 16 -d 1s -s many.lua "http://127.0.0.1:$(port 1)" >wrk
    ! grep -qE "wrong|Socket errors|Non-2xx" wrk
    grep -q "Requests/sec" wrk
    "$MVM" ask --challenge all
}

@test "hostile clients cost nothing that lasts" {
    # In the foreground, so that its exit status tells of leaks as well.
    "$MVM" run --name doors --json --engine vmm --guest web --route /=Hello --count 1000 --http 127.0.0.0/8:0 \
        --tcp 127.0.0.0/8:0 --door-header-time 1s --door-idle 2s >line 2>errors 3>&- &
    wait_for_run doors
    python3 "$BATS_TEST_DIRNAME/doors.py" "$(port 0)" "$(jq .pid line)"
    "$MVM" ask --challenge all
    # The end comes while some are at it.
    wrk -t 1 -c 20 -d 2s "http://127.0.0.9:$(port 0)/" >/dev/null &
    timeout 20 nc 127.0.0.4 "$(port 1)" </dev/zero >/dev/null 3>&- &
    sleep 0.5
    "$MVM" stop
    wait %1 || { cat errors; return 1; }
    wait
}

@test "a late answer is nobody else's" {
    start --engine vmm --guest web --work 1500 --route /a=A --route /b=B --count 2 --http 127.0.0.1:0 --door-answer 1s
    [ "$(get "http://127.0.0.1:$(port 0)/vm/0/a")" = "VM 0 did not answer in time
 504" ]
    # Perhaps still not in step; but never the answer to /a.
    [[ "$(get "http://127.0.0.1:$(port 0)/vm/0/b" | tail -1)" != A* ]]
    "$MVM" stop
    start --engine vmm --guest web --work 300 --route /a=A --route /b=B --count 2 --http 127.0.0.1:0 --door-answer 15s
    # Somebody else's: a question by the control socket that is not waited for.
    run "$MVM" ask 0 --timeout 100ms $'GET /a HTTP/1.1\r'
    run "$MVM" ask 0 --timeout 100ms $'\r'
    [ "$(get "http://127.0.0.1:$(port 0)/vm/0/b")" = "B 200" ]
}

@test "VMs that do not speak HTTP, and VMs that have ended" {
    start --engine vmm --guest sleep --count 10 --http 127.0.0.0/8:0 --door-answer 500ms
    [ "$(get "http://127.0.0.5:$(port 0)/" | tail -1)" = " 504" ]
    "$MVM" ask 5 --challenge
    [ "$(get "http://127.0.0.5:$(port 0)/" | tail -1)" = " 504" ]
}

@test "plain TCP: nc and socat talk to a VM's serial port, in turn" {
    start --engine vmm --guest web --route /=Hello --count 300 --tcp 127.0.0.0/8:0 --http 127.0.0.0/8:0
    local tcp http
    http=$(port 0) tcp=$(port 1)
    [ "$(printf '?Hello\n' | timeout 20 nc -N 127.0.1.7 "$tcp")" = "!bkign" ]
    [ "$(printf '?Hello\n' | timeout 20 socat -t 5 - "TCP:127.0.0.9:$tcp")" = "!bkign" ]
    printf 'GET / HTTP/1.0\r\n\r\n' | timeout 20 nc -N 127.0.0.9 "$tcp" | grep -q Hello
    # One who holds the line and is quiet gives it to who waits, in the middle of a request of his.
    mkfifo hold
    timeout 60 nc -N 127.0.0.4 "$tcp" <hold >held &
    exec 5>hold
    printf '?Hello\nGET /x' >&5
    wait_until grep -q '!bkign' held
    [ "$(get "http://127.0.0.4:$http/")" = "Hello 200" ]
    printf '?Hello\n' >&5
    wait_until eval '[ "$(grep -c "^!bkign$" held)" -eq 2 ]'
    exec 5>&-
    wait
    # No such VM.
    [ -z "$(printf '?Hello\n' | timeout 20 nc -N 127.0.2.7 "$tcp")" ]
}

@test "QEMU's VMs are web servers as well" {
    need_qemu
    start --engine qemu --guest web --route /=Hello --count 3 --http 127.0.0.0/8:0 --tcp 127.0.0.0/8:0
    [ "$(get "http://127.0.0.2:$(port 0)/")" = "Hello 200" ]
    [ "$(get "http://127.0.0.1:$(port 0)/nope")" = " 404" ]
    [ "$(get "http://127.0.0.3:$(port 0)/" | tail -1)" = " 404" ]
    ab -q -n 50 -c 5 "http://127.0.0.1:$(port 0)/" | grep -q "Failed requests: *0"
    [ "$(printf '?Hello\n' | timeout 20 nc -N 127.0.0.2 "$(port 1)")" = "!bkign" ]
    pkill -KILL -f "file=$XDG_RUNTIME_DIR.*" -n
    wait_until eval '[[ "$(get "http://127.0.0.2:$(port 0)/" | tail -1)" == *502 ]]'
    "$MVM" stop
    start --engine qemu --guest sleep --count 1 --http 127.0.0.0/8:0 --door-answer 500ms
    [ "$(get "http://127.0.0.0:$(port 0)/" | tail -1)" = " 504" ]
    [ "$(get "http://127.0.0.0:$(port 0)/" | tail -1)" = " 504" ]
}
