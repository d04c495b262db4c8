#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# A run's own page and metrics, as clients without a browser see them; tests/web/live.py has one.

bats_require_minimum_version 1.5.0
load common
load runs

# start ARGUMENT... : a run called web, and in $at where its page or else its metrics are
start() {
    "$MVM" run --name web --detach --json "$@" >line
    at=$(jq -r '.web | .page // .metrics' line)
}

get() {
    curl -sS --max-time 60 "$@"
}

# code ARGUMENT... : the status alone
code() {
    get -o /dev/null -w '%{http_code}' "$@"
}

@test "what cannot be a place or a token is refused with what would be right" {
    wrong="--web takes ADDRESS:PORT" refused "$MVM" run --engine null --web 9000
    wrong="--web takes ADDRESS:PORT" refused "$MVM" run --engine null --web localhost:9000
    wrong="--metrics takes ADDRESS:PORT" refused "$MVM" run --engine null --metrics 127.0.0.0/8:9000
    wrong="--metrics takes ADDRESS:PORT" refused "$MVM" run --engine null --metrics unix:x
    wrong="not an address of this host" refused "$MVM" run --engine null --web 192.0.2.99:9000
    wrong="--web-token goes with" refused "$MVM" run --engine null --web-token file
    wrong="cannot read the token's file" refused "$MVM" run --engine null --web 127.0.0.1:0 --web-token nothing
    echo short >token
    wrong="chmod 600" refused "$MVM" run --engine null --web 127.0.0.1:0 --web-token token
    chmod 600 token
    wrong="has 5 characters" refused "$MVM" run --engine null --web 127.0.0.1:0 --web-token token
    [ -z "$(runs)" ]
    start --engine null --web 127.0.0.1:0
    wrong="is taken by another program" refused "$MVM" run --engine null --metrics "$(jq -r '.web.page | ltrimstr("http://") | rtrimstr("/")' line)"
}

@test "page and metrics at places of their own or at one; both end with the run" {
    start --count 10 --web 127.0.0.1:0 --metrics '[::1]:0'
    local page=$at metrics
    metrics=$(jq -r .web.metrics line)
    get "$page" | grep -q '<title>mvm</title>'
    get "$metrics" | grep -qx 'mvm_vms{state="running"} 10'
    [ "$(code "${page}metrics")" = 404 ]
    [ "$(code "${metrics%metrics}")" = 404 ]
    [ "$(code "${metrics%metrics}figures")" = 404 ]
    get -N "${page}figures" 2>/dev/null | grep -qm1 '"vms":{"started":10'
    "$MVM" stop --quiet
    run ! get "$page"
    start --count 10 --engine null --web 127.0.0.1:0 --metrics 127.0.0.1:0
    [ "$(jq -r .web.metrics line)" = "${at}metrics" ]
    get "${at}metrics" | grep -qx 'mvm_vms_wanted 10'
    get "$at" | grep -q '<title>mvm</title>'
}

@test "nothing on the page's way out is open to other sites, and it is found in the text of mvm run" {
    "$MVM" run --count 3 --name web --web 127.0.0.1:0 --quiet >text 2>errors &
    local pid=$!
    wait_until grep -q "3 of 3 VMs are ready" text
    at=$(sed -n "s/^the run's page: //p" text)
    get -D head -o /dev/null "$at"
    grep -q "^Content-Security-Policy: default-src 'none';" head
    run ! grep -qi "unsafe-inline\|Access-Control" head
    [ "$(code -H 'Host: evil.example' "$at")" = 421 ]
    [ "$(code -H 'Origin: http://evil.example' "${at}figures")" = 403 ]
    [ "$(code -X POST "${at}challenge?vm=1")" = 405 ]
    [ "$(code "${at}challenge?vm=1")" = 403 ]
    get -H 'X-Mvm-Page: 1' "${at}challenge?vm=1" | jq -e '.alive == 1'
    "$MVM" stop --quiet
    wait "$pid"
}

@test "other addresses need a token, which is made or taken from a file" {
    start --count 3 --engine null --web 0.0.0.0:0 --metrics 0.0.0.0:0
    local token port=${at##*:}
    token=$(jq -r .web.token line) at=http://127.0.0.1:$port
    [ "${#token}" -eq 64 ]
    [ "$(code "$at")" = 200 ]
    [ "$(code "${at}metrics")" = 401 ]
    [ "$(code "${at}figures")" = 401 ]
    [ "$(code -H "Authorization: Bearer x$token" "${at}metrics")" = 401 ]
    [ "$(code -H "Authorization: Bearer $token" "${at}metrics")" = 200 ]
    [ "$(code -H "Authorization: Bearer $token" -H "Host: name.example" "${at}metrics")" = 200 ]
    run ! grep -rq "$token" "$XDG_RUNTIME_DIR"
    "$MVM" stop --quiet
    (umask 077 && echo 0123456789-abcdef >token)
    start --count 3 --engine null --metrics 127.0.0.1:0 --web-token token
    [ "$(jq -r .web.token line)" = null ]
    [ "$(code "$at")" = 401 ]
    [ "$(code -H "Authorization: Bearer 0123456789-abcdef" "$at")" = 200 ]
}

@test "hostile and clumsy clients" {
    start --count 1000 --web 127.0.0.1:0 --metrics 127.0.0.1:0
    local port=${at##*:}
    python3 "$BATS_TEST_DIRNAME/../web/limits.py" 127.0.0.1 "${port%/}" "$(jq .pid line)"
    "$MVM" ask --challenge all --quiet
}

@test "VMs that grow are seen, and what was saved has a page again" {
    "$MVM" run --count 20000 --name web --web 127.0.0.1:0 --quiet >text 2>errors &
    local pid=$!
    wait_until grep -q "the run's page" text
    at=$(sed -n "s/^the run's page: //p" text)
    get -N "${at}figures" 2>/dev/null | grep -qm1 '"state":"\(starting\|running\)"'
    wait_for_run web
    "$MVM" save "$PWD/file"
    "$MVM" stop --quiet
    wait "$pid"
    "$MVM" restore "$PWD/file" --name web --detach --json --metrics 127.0.0.1:0 >line
    get "$(jq -r .web.metrics line)" | grep -qx 'mvm_vms{state="running"} 20000'
}
