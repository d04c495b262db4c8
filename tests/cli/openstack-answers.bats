#!/usr/bin/env bats
# SPDX-License-Identifier: GPL-3.0-or-later
# The engine openstack and a cloud that says what it should not, or nothing.
load common
load openstack

@test "a server that somebody deletes has died, and asks to consoles that say nothing or nonsense end" {
    cloud dies=1
    start 2
    local deadline=$((SECONDS + 120))
    until [ "$("$MVM" ls cloud --json | jq '.vms.stopped')" -eq 2 ]; do
        [ "$SECONDS" -le "$deadline" ] || { "$MVM" ls cloud --json; return 1; }
        alive || true
    done
    "$MVM" stop --quiet
    cloud garbage
    start 1
    run --separate-stderr "$MVM" ask 0 '?Hello' --timeout 1s
    [ "$status" -eq 1 ]
    # A console is left in the middle of it, and one is open when the run ends.
    [ "$(echo | "$MVM" console 0 --settle 60s 2>/dev/null | head -c 100000 | wc -c)" -eq 100000 ]
    echo | { "$MVM" console 0 --settle 60s 2>/dev/null || true; } | { head -c 100000 >/dev/null; "$MVM" stop --quiet; cat >/dev/null; }
    only_foreign
    cloud nobody
    start 1
    run --separate-stderr "$MVM" console 0
    [ "$status" -eq 1 ] && [[ "$stderr" == *"cannot be connected to"* ]] || { echo "$stderr"; return 1; }
    "$MVM" stop --quiet
    only_foreign
}

@test "answers that are no answers: a sentence, no secret, and an end" {
    local fault words
    while IFS='|' read -r fault words; do
        cloud $fault port=1
        start 1
        [ "$status" -ne 0 ] && [ "$status" -lt 3 ] || { echo "$fault: $status $output$stderr"; return 1; }
        [[ "$output$stderr" == *"$words"* ]] || { echo "$fault: $output$stderr"; return 1; }
        no_secret || { echo "$fault: a secret"; return 1; }
        [[ "$output$stderr" != *$'\e'* ]]
        # What may be left is said; there is nobody to hear it.
        "$MVM" stop --all --quiet >/dev/null 2>&1 || true
    done <<'END'
truncated=keystone|is not JSON
truncated=nova|is not JSON
notjson=glance|is not JSON
types=nova|no list 'servers'
huge=nova|more than 16 MiB
elsewhere=nova|sends a request elsewhere
elsewhere=keystone|sends a request elsewhere
circle=nova|circle
echo=nova|refuses (HTTP 400): [31mwrong: ***
echo=keystone|Keystone gives no token (HTTP 400)
ids=1|is no id
paging=1|in a circle
END
}

@test "answers spoilt by chance: an end, and no crash" {
    local seed
    for seed in 1 2 3; do
        cloud fuzz=$seed
        run timeout 60 "$MVM" run --engine openstack --cloud fake --guest sleep --name cloud --count 3 --strict --boot-timeout 2s \
            --api-patience 500ms --detach --quiet 3>&-
        [ "$status" -lt 3 ] || { echo "$seed: $status $output"; return 1; }
        run timeout 60 "$MVM" ask --challenge all
        [ "$status" -lt 3 ] || { echo "$seed: $status $output"; return 1; }
        run timeout 60 "$MVM" stop --all
        [ "$status" -lt 3 ] && [[ "$output" != *died* ]] || { echo "$seed: $status $output"; return 1; }
    done
}

@test "a service that never answers, or is not there: an end within the patience" {
    cloud slow=keystone
    wrong="did not answer in time" refused timeout 60 "$MVM" run --engine openstack --cloud fake --guest sleep --api-patience 1s
    end_cloud
    wrong="cannot be reached" refused timeout 60 "$MVM" run --engine openstack --cloud fake --guest sleep --api-patience 1s
}

@test "certificates are verified, also of serial consoles; one that is trusted does" {
    command -v openssl >/dev/null || skip "openssl is not installed"
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=cloud -addext subjectAltName=IP:127.0.0.1 \
        -keyout "$BATS_FILE_TMPDIR/key.pem" -out "$BATS_FILE_TMPDIR/cert.pem" 2>/dev/null
    cloud tls
    wrong="not to be trusted" refused "$MVM" run --engine openstack --cloud fake --guest sleep
    run --separate-stderr timeout 300 "$MVM" run --engine openstack --cloud trusting --guest sleep --name cloud --detach --quiet 3>&-
    [ "$status" -eq 0 ] || { echo "$output$stderr"; return 1; }
    [ "$("$MVM" ask 0 --challenge --timeout 60s)" = alive ]
    echo '?Hello' | { "$MVM" console 0 --settle 60s 2>/dev/null || true; } | { read -r line; "$MVM" stop --quiet; [ "$line" = '!bkign' ]; }
    only_foreign
    end_cloud
}

@test "credentials: what is wrong is named, and no secret" {
    cloud
    wrong="does not accept" refused "$MVM" run --engine openstack --cloud wrong --guest sleep
    [[ "$stderr" != *not-her-secret* ]]
    wrong="has no cloud 'none'" refused "$MVM" run --engine openstack --cloud none --guest sleep
    wrong="no cloud is named" refused "$MVM" run --engine openstack --guest sleep
    OS_AUTH_URL=ftp://x OS_USERNAME=u OS_PASSWORD=p OS_PROJECT_NAME=p wrong="URL of http or https" refused "$MVM" run --engine openstack --guest sleep
    OS_AUTH_URL=http://x OS_USERNAME=u OS_PASSWORD=p wrong="OS_PROJECT_NAME" refused "$MVM" run --engine openstack --guest sleep
    printf 'clouds:\n  a:\n    verify: false\n    auth: {auth_url: http://x}\n  b: [1]\n  c: &c {auth: *d}\n' >bad.yaml
    OS_CLIENT_CONFIG_FILE=bad.yaml wrong="line" refused "$MVM" run --engine openstack --cloud a --guest sleep
    printf 'clouds:\n  a:\n    verify: false\n    auth: {auth_url: http://x}\n  b: [1]\n' >bad.yaml
    OS_CLIENT_CONFIG_FILE=bad.yaml wrong="always verified" refused "$MVM" run --engine openstack --cloud a --guest sleep
    OS_CLIENT_CONFIG_FILE=bad.yaml wrong="no mapping" refused "$MVM" run --engine openstack --cloud b --guest sleep
    # The variables do as well as the file.
    local address
    address=$(jq -r .clouds.fake.auth.auth_url clouds.yaml)
    OS_AUTH_URL=$address OS_USERNAME=alice OS_PASSWORD='a-secret/of Alice' OS_PROJECT_NAME=p "$MVM" stop --engine openstack --run cloud
}
