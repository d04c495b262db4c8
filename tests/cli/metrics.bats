#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# Metrics, by Prometheus's own judgement: promtool, and a Prometheus that scrapes.

bats_require_minimum_version 1.5.0
load common
load runs

REPOSITORY=$BATS_TEST_DIRNAME/../..

teardown() {
    # Prometheus is of this test alone.
    [ -z "${prometheus:-}" ] || { kill "$prometheus" && wait "$prometheus" || true; }
    "$MVM" stop --all --quiet >/dev/null 2>&1 || true
}

need_prometheus() {
    programs=$(HOME=${CACHE_HOME:-$HOME} "$REPOSITORY/scripts/prometheus" --look) ||
        skip "prometheus and promtool are not there; scripts/prometheus unpacks them"
}

start() {
    "$MVM" run --guest web --route /=Hello --count 100 --detach --json --metrics 127.0.0.1:0 --http 127.0.0.1:0 "$@" >line
    metrics=$(jq -r .web.metrics line)
    curl -sS "http://127.0.0.1:$(jq .doors[0].port line)/vm/7/" >/dev/null
}

openmetrics() {
    curl -sS -H 'Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5' "$@"
}

@test "both formats, each to who takes it" {
    start
    curl -sSi "$metrics" >plain
    grep -q $'^Content-Type: text/plain; version=0.0.4; charset=utf-8\r$' plain
    grep -qx '# TYPE mvm_vm_wakes_total counter' plain
    run ! grep -q '^# EOF\|^# UNIT' plain
    openmetrics -i "$metrics" >open
    grep -q $'^Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r$' open
    grep -qx '# TYPE mvm_vm_wakes counter' open
    grep -qx '# UNIT process_cpu_seconds seconds' open
    [ "$(tail -n 1 open)" = "# EOF" ]
    grep -qx 'mvm_asks_total{result="answered"} 1' open
    grep -qx 'mvm_ask_latency_seconds_count 1' open
    grep -qx 'mvm_http_requests_total 1' open
    # No series of a single VM.
    [ "$(grep -vc '^#' open)" -lt 150 ]
}

@test "what docs/metrics.md lists is served, and the other way round" {
    start
    openmetrics "$metrics" | sed -n 's/^# TYPE \([a-z_]*\) \([a-z]*\)$/\1 \2/p' | sort >served
    sed -n 's/^| `\([a-z_]*\)` | \([a-z]*\) |.*/\1 \2/p' "$REPOSITORY/docs/metrics.md" | sort >listed
    # Those that need KVM or VMs that ended, or a host that tells of pressure.
    grep -v '^mvm_kvm_\|^mvm_vm_ends \|^mvm_host_pressure' listed >wanted
    grep -v '^mvm_host_pressure' served | diff wanted -
}

@test "promtool finds nothing to complain of" {
    need_prometheus
    start
    curl -sS "$metrics" | "$programs/promtool" check metrics >said 2>&1 || { cat said; return 1; }
    [ ! -s said ] || { cat said; return 1; }
}

# answer QUERY : the first value
answer() {
    curl -sS -G --data-urlencode "query=$1" "$at/api/v1/query" | jq -r '.data.result[0].value[1] // empty'
}

is_answer() {
    [ "$(answer "$1")" = "$2" ]
}

# patiently COMMAND... : within two minutes it succeeds, on however busy a host.
patiently() {
    local deadline=$((SECONDS + 120))
    until "$@"; do
        [ "$SECONDS" -le "$deadline" ] || { echo "in vain: $*"; tail -5 log; curl -sS "$at/api/v1/targets"; return 1; }
        sleep 0.1
    done
}

is_scraped() {
    curl -sS "$at/api/v1/targets" 2>/dev/null | jq -e '.data.activeTargets[0].health == "up"' >/dev/null
}

@test "a Prometheus scrapes it, with the token, and the dashboard's expressions are answered" {
    need_prometheus
    (umask 077 && echo 0123456789-abcdef >token)
    start --web-token token
    cat >prometheus.yml <<YAML
global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
  - job_name: mvm
    authorization: {credentials_file: $PWD/token}
    static_configs: [{targets: ["$(sed 's,.*http://,,; s,/metrics.*,,' <<<"$metrics")"]}]
YAML
    "$programs/promtool" check config prometheus.yml >/dev/null
    "$programs/prometheus" --config.file=prometheus.yml --storage.tsdb.path=data --web.listen-address=127.0.0.1:0 \
        >log 2>&1 3>&- &
    prometheus=$!
    patiently grep -q 'Listening on" address=127' log
    at=http://$(sed -n 's/.*Listening on" address=\([0-9.:]*\).*/\1/p' log)
    patiently is_scraped
    patiently is_answer 'mvm_vms{state="running"}' 100
    patiently is_answer 'mvm_asks_total{result="answered"}' 1
    patiently is_answer 'mvm_run_info{engine="vmm",class="T",image="web"}' 1
    patiently is_answer 'sum(mvm_ask_latency_seconds_bucket{le="+Inf"})' 1
    # What each is, as Prometheus understood it.
    [ "$(curl -sS "$at/api/v1/metadata?metric=mvm_vm_wakes" | jq -r '.data.mvm_vm_wakes[0].type')" = counter ]
    [ "$(curl -sS "$at/api/v1/metadata?metric=mvm_ask_latency_seconds" | jq -r '.data.mvm_ask_latency_seconds[0].unit')" = seconds ]
    # Of one VM ends nothing is told before there is one.
    "$REPOSITORY/tests/web/dashboard.py" "$at" "$REPOSITORY/data/grafana-dashboard.json" >said || true
    cat said
    [ "$(grep -v 'mvm_vm_ends_total' said | wc -l)" -eq 1 ]
}
